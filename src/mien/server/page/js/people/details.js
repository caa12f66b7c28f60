// The words of alerts, which the log keeps in English, in the reader's language and numbers.

import {number, percent, t} from "../i18n.js";
import {says, shown} from "./words.js";

const MEASURES = [
  ["smiling", /^smiled (?<value>.+?) of the time, usually (?<usual>.+)$/],
  ["expressivity", /^the expression varied by (?<value>.+?), usually by (?<usual>.+)$/],
  ["changes", /^the expression changed (?<value>.+?) times a minute, usually (?<usual>.+?) times a minute$/],
  ["speaking", /^the mouth moved as in speaking (?<value>.+?) of the time, usually (?<usual>.+)$/],
  ["valence", /^mean valence (?<value>.+?), usually (?<usual>.+)$/],
  ["arousal", /^mean arousal (?<value>.+?), usually (?<usual>.+)$/],
  ["coverage", /^was seen (?<value>.+?) of the usual time, usually (?<usual>.+)$/],
  [null, /^(?<name>\w+) was (?<value>.+?) of what the face showed, usually (?<usual>.+)$/],
];
const OTHERS = [
  ["not_seen", /^not seen for (?<hours>[\d.]+) hours between (?<from>\S+) and (?<to>\S+)$/],
  ["no_picture", /^no picture from (?<camera>.+) for (?<minutes>\d+) minutes$/],
  ["disk", /^the disk is nearly full: (?<free>[\d.]+)% is free$/],
  ["clock_forward", /^the clock jumped forward by (?<seconds>\d+) s$/],
  ["clock_back", /^the clock jumped back by (?<seconds>\d+) s$/],
];
const HOURS = /^from (?<from>\d+:00) to (?<to>\d+:00) (?<rest>.+)$/;
const RUN = /^(?<rest>.+); so little for (?<n>\d+) days in a row$/;
const WHY = {"the condition ended": "condition_ended"};

/** The words of an alert; what is not known stays as it is. */
export function detail(text) {
  if (WHY[text]) return t(`people.details.${WHY[text]}`);
  const hours = HOURS.exec(text)?.groups;
  if (hours) return t("people.details.between", {from: hours.from, to: hours.to, rest: detail(hours.rest)});
  const run = RUN.exec(text)?.groups;
  if (run) return t("people.details.in_a_row", {rest: detail(run.rest), n: Number(run.n)});
  for (const [key, pattern] of OTHERS) {
    const found = pattern.exec(text)?.groups;
    if (found) return t(`people.details.${key}`, numbers(found));
  }
  for (const [name, pattern] of MEASURES) {
    const found = pattern.exec(text)?.groups;
    const of = found && (name ?? found.name);
    if (found) return says(of, value(found.value), value(found.usual));
  }
  return text;
}

function value(text) {
  if (text.endsWith(" %")) return percent(Number(text.slice(0, -2)) / 100, text.includes(".") ? 1 : 0);
  return Number.isNaN(Number(text)) ? text : shown(Number(text), "plain");
}

function numbers({free, hours, ...rest}) {
  return {...rest, ...(free && {free: percent(Number(free) / 100, 1)}), ...(hours && {hours: number(Number(hours))})};
}
