// Words, numbers and dates in the reader's language.
//
//   await start()                         before anything is shown
//   t("picture.faces", {n: 3})            → "3 faces"; {name} is filled in, numbers by locale
//   number(1234.5) · percent(.964) · clock(83.2) → "1:23.2" · date(when) · dateTime(when)
//   moment(when) → "today, 19:00", "yesterday, 19:00" or "26 Nov 2026" · ago(when) → "11 days ago", by the calendar
//   dateRange(from, to, options) → "16 – 22 Nov 2026" · bytes(n) · capital("smiled …") → "Smiled …"
//   expression("happiness")               the label in this language; unknown labels as they are
//   languages() → [{code, name}] · language() · choose("de")  (reloads the page)
//
// lang/languages.json lists the files; lang/en.json has every text and stands in for what another
// file lacks. A text may be an object of plural forms by n: {"one": "{n} face", "other": "{n} faces"}.

const KEY = "mien.language", DAY = 86400000;
let code = "en", list = [], words = {}, english = {}, plural = new Intl.PluralRules("en");

export async function start() {
  const first = read("en");
  list = await read("languages");
  const known = list.map((entry) => entry.code);
  const wished = [stored(), ...navigator.languages].filter(Boolean).map((name) => name.split("-")[0]);
  code = wished.find((name) => known.includes(name)) || "en";
  const own = code === "en" ? first : read(code).catch(() => first);
  [english, words] = await Promise.all([first, own]);
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
}

async function read(name) {
  const answer = await fetch(new URL(`../lang/${name}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`lang/${name}.json: ${answer.status}`);
  return JSON.parse(await answer.text(), (key, value) => (typeof value === "string" ? unbroken(value) : value));
}

// French and German put a space before some signs, and no line may begin with one; nor with the number of "no. 2".
// Files have plain spaces there.
const unbroken = (text) => text.replace(/ ([;?!])/g, "\u202f$1").replace(/ ([:»…%])/g, "\u00a0$1").replace(/« /g, "«\u00a0")
  .replace(/([.º°]) \{number\}/g, "$1\u00a0{number}");

function stored() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

export const languages = () => list;
export const language = () => code;

export function choose(name) {
  try { localStorage.setItem(KEY, name); } catch { /* for this visit only */ }
  location.reload();
}

function find(book, path) {
  return path.split(".").reduce((place, part) => place?.[part], book);
}

export function t(path, values = {}) {
  let text = find(words, path) ?? find(english, path);
  if (text && typeof text === "object") text = text[plural.select(values.n)] ?? text.other;
  if (typeof text !== "string") return path;
  return text.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values[name];
    return value === undefined ? all : typeof value === "number" ? number(value) : String(value);
  });
}

export function has(path) {
  return Boolean(find(words, path) ?? find(english, path));
}

const regional = () => navigator.languages.find((name) => name.split("-")[0] === code) || code;

export const number = (value, options = {}) => new Intl.NumberFormat(regional(), {maximumFractionDigits: 2, ...options}).format(value);
export const capital = (text) => text.charAt(0).toLocaleUpperCase(code) + text.slice(1);
export const percent = (share, digits = 0) => number(share, {style: "percent", maximumFractionDigits: digits});
export const date = (when, options = {dateStyle: "medium"}) => new Intl.DateTimeFormat(regional(), options).format(new Date(when));
export const dateRange = (from, to, options) => new Intl.DateTimeFormat(regional(), options).formatRange(new Date(from), new Date(to));
export const dateTime = (when) => date(when, {dateStyle: "medium", timeStyle: "short"});

export function moment(when, now = new Date()) {
  const days = daysTo(when, now);
  return days > 0 || days < -1 ? date(when) : `${inDays(days)}, ${date(when, {timeStyle: "short"})}`;
}

export const ago = (when, now = new Date()) => inDays(daysTo(when, now));
const inDays = (days) => new Intl.RelativeTimeFormat(code, {numeric: "auto"}).format(days, "day");

function daysTo(when, now) {
  const midnight = (one) => new Date(one).setHours(0, 0, 0, 0);
  return Math.round((midnight(when) - midnight(now)) / DAY); // a day may have 23 or 25 hours
}

export function bytes(size) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(size, 1)) / 3));
  return number(size / 1000 ** step, {style: "unit", unit: units[step], maximumSignificantDigits: 3});
}

export function clock(seconds, digits = 1) {
  const ticks = Math.round(Math.max(0, seconds) * 10 ** digits) / 10 ** digits;
  const whole = Math.floor(ticks), minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
  const rest = number(ticks - 60 * Math.floor(whole / 60), {minimumIntegerDigits: 2, minimumFractionDigits: digits, maximumFractionDigits: digits});
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export const expression = (label) => (has(`expressions.${label}`) ? t(`expressions.${label}`) : label);
