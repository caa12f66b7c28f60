// What a face showed, in the reader's words: measures, reasons, times. Never what a person felt.

import {capital, date, dateRange, expression, has, number, percent, t} from "../i18n.js";
import {dateOf} from "./series.js";


/** The heading of a measure. */
export const measureName = (name) => capital(has(`people.measures.${name}`) ? t(`people.measures.${name}`) : expression(name));

/** A value of a measure, as text: two digits, that "0.067, usually 0.10" compares at a glance. */
export function shown(value, kind) {
  if (value === null) return "–";
  if (kind === "share") return percent(value, value > 0 && value < 0.02 ? 1 : 0);
  return number(value, Math.abs(value) < 10 ? {minimumSignificantDigits: 2, maximumSignificantDigits: 2} : {maximumFractionDigits: 0});
}

/** Such as "smiled 8 % of the time, usually 15 %"; values are texts, `usual` may be missing. */
export function says(name, value, usual = null) {
  const known = has(`people.says.${name}`);
  const path = known ? name : "share";
  const of = {name: expression(name), value, usual: usual ?? ""};
  return t(usual === null ? `people.says_alone.${path}` : `people.says.${path}`, of);
}

/** The sentence of a point's value; empty without one. */
export function pointSays(point, {name, kind}) {
  const found = point.values[name];
  if (!found || found.value === null) return "";
  return says(name, shown(found.value, kind), found.usual === null ? null : shown(found.usual, kind));
}

/** The name of a rule; those that come with Mien have one in each language. */
export function ruleName(rule) {
  const path = `people.rules.${rule}`, text = t(path);
  return text === path ? rule : text;
}

/** Seconds as "20 minutes" or "5.3 hours". */
export function duration(seconds) {
  if (seconds > 0 && seconds < 60) return t("people.under_a_minute");
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? t("people.minutes", {n: minutes}) : t("people.hours", {n: Math.round(seconds / 360) / 10});
}

/** Such as "seen 2.1 hours, usually 2.4 hours", or why there is no statement. */
export function pointSeen(point) {
  const reasons = Object.keys(point.reasons);
  if (point.of > 1 && point.said) {
    const seen = t("people.week_seen", {said: point.said, n: point.of});
    return reasons.length ? `${seen}; ${t("people.else")} ${reasons.map((reason) => t(`people.reasons.${reason}`)).join("; ")}` : seen;
  }
  if (reasons.length) return `${t("people.no_statement")}: ${reasons.map((reason) => t(`people.reasons.${reason}`)).join("; ")}`;
  return point.usual === null ? t("people.seen", {time: duration(point.usable)})
    : t("people.seen_usually", {time: duration(point.usable), usual: duration(point.usual)});
}

/** A point's day, or its week, in full. */
export function pointDate(point) {
  const full = {weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC"};
  if (point.of === 1) return capital(date(dateOf(point.from), full));
  return range(point.from, point.to);
}

/** Two dates as "16 – 22 Nov 2026". */
export const range = (from, to) => dateRange(dateOf(from), dateOf(to), {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"});

/** A point's first day, short, as charts write it. */
export const shortDate = (point, year) => date(dateOf(point.from), {day: "numeric", month: "short", timeZone: "UTC", ...(year && {year: "2-digit"})});

/** A point's day or week, as tables write it. */
export function tableDate(point) {
  if (point.of > 1) return range(point.from, point.to);
  return date(dateOf(point.from), {weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC"});
}
