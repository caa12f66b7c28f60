// Days as the server gives them → the points that charts and tables show: days, or weeks.

const DAY = 86400000;

/** A date such as "2026-11-27" as a Date at midnight UTC. */
export const dateOf = (text) => new Date(`${text}T00:00:00Z`);

/** The date of a Date, as text. */
export const textOf = (date) => date.toISOString().slice(0, 10);

/** The date of a moment where the reader is, as text. */
export const localDay = (moment) => textOf(new Date(moment.getTime() - 60000 * moment.getTimezoneOffset()));

/** The date some days later, or earlier. */
export const later = (text, days) => textOf(new Date(dateOf(text).getTime() + days * DAY));

/** Days from one date to another. */
export const between = (from, to) => Math.round((dateOf(to) - dateOf(from)) / DAY);

/** The Monday of a date's week. */
export const monday = (text) => later(text, -((dateOf(text).getUTCDay() + 6) % 7));

/** The middle one of the numbers that are not null; null without any. */
export function median(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (!known.length) return null;
  const middle = known.length >> 1;
  return known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
}

/** Points of days: what was seen of each, and each measure's values, by its name. */
export function dayPoints(trends) {
  return trends.days.map((day, at) => ({
    from: day.date, to: day.date, reasons: day.reason ? {[day.reason]: 1} : {}, said: day.reason ? 0 : 1, of: 1,
    usable: day.usable_s, usual: day.usual_s, restart: day.restart,
    values: Object.fromEntries(trends.measures.map((measure) => [measure.name, measure.days[at]])),
  }));
}

/** Points of weeks, Monday to Sunday: the median of their days, as "a typical day of the week". */
export function weekPoints(trends) {
  const weeks = new Map();
  for (const point of dayPoints(trends)) {
    const start = monday(point.from);
    if (!weeks.has(start)) weeks.set(start, []);
    weeks.get(start).push(point);
  }
  return [...weeks.values()].map((days) => ({
    from: days[0].from, to: days.at(-1).to, reasons: counted(days.map((day) => Object.keys(day.reasons)[0])),
    said: days.filter((day) => day.said).length, of: days.length,
    usable: median(days.map((day) => day.usable)), usual: median(days.map((day) => day.usual)),
    restart: days.some((day) => day.restart),
    values: Object.fromEntries(trends.measures.map(({name}) => [name, typical(days.map((day) => day.values[name]))])),
  }));
}

function counted(reasons) {
  const found = {};
  for (const reason of reasons) if (reason) found[reason] = (found[reason] ?? 0) + 1;
  return found;
}

function typical(days) {
  const middle = (name) => median(days.map((day) => day[name]));
  return {
    value: middle("value"), usual: middle("usual"), low: middle("low"), high: middle("high"),
    alarm: days.some((day) => day.alarm),
  };
}

/** Where true values begin and end: [first, last] of each run. */
export function runs(flags) {
  const found = [];
  flags.forEach((flag, at) => {
    if (!flag) return;
    if (at && flags[at - 1]) found.at(-1)[1] = at;
    else found.push([at, at]);
  });
  return found;
}
