// One measure of a person: its heading with the value looked at, the chart, and the table behind it.

import {h, put} from "../dom.js";
import {number, percent, t} from "../i18n.js";
import {swatch} from "../expressions.js";
import {chart} from "./chart.js";
import {needsYear} from "./scales.js";
import {measureName, pointDate, pointSays, shortDate, shown, tableDate} from "./words.js";

const EXPRESSIONS = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"];
const LEAST = 220;

/**
 * The panel of `measure` over `points`. `flags`: places at which an alert of its rules opened;
 * `look(at)`: called when a point is pointed at. Gives {element, draw(), mark(at), place, name, open}; `open`: whether its table is.
 */
export function panel(measure, points, {flags, look, tall}) {
  const {name, kind} = measure;
  const mine = points.map((point, at) => ({
    from: point.from, silent: !point.said && name !== "coverage", restart: point.restart, flag: flags.has(at), ...point.values[name],
  }));
  const id = `measure-${name}`, year = needsYear(points);
  const value = h("p", {class: "value numbers"});
  const place = h("div", {class: "plot"});
  const label = `${measureName(name)}. ${summary(measure, points)}`;
  let drawn = null, marked = null;

  function draw() {
    const width = Math.max(LEAST, Math.floor(place.clientWidth));
    drawn = chart(mine, {kind, bars: name === "coverage", width, height: tall ? 190 : 140, words: {
      label, level: (level) => (kind === "share" ? percent(level, level && level < 0.1 ? 1 : 0) : number(level, {maximumSignificantDigits: 3})),
      date: (point) => shortDate(point, year),
    }});
    put(place, drawn.element);
    drawn.mark(marked);
  }

  function mark(at) {
    marked = at;
    drawn?.mark(at);
    const found = at === null ? null : mine[at];
    put(value, found && heading(found, kind));
  }

  const seek = (event) => drawn && look(drawn.at((event.clientX - place.getBoundingClientRect().left)));
  place.addEventListener("pointermove", seek);
  place.addEventListener("pointerdown", seek);
  const behind = table(measure, points);
  const element = h("section", {class: `panel card ${tall ? "tall" : ""}`, "aria-labelledby": id, dataset: {measure: name}},
    h("div", {class: "head"}, h("h3", {id}, EXPRESSIONS.includes(name) && swatch(name), measureName(name)), value), place, behind);
  return {element, draw, mark, place, name, get open() { return behind.open; }, set open(value) { behind.open = value; }};
}

function heading(found, kind) {
  if (found.value === null) return h("span", {class: "note"}, t("people.no_statement"));
  return [h("b", {class: found.alarm ? "changed" : ""}, shown(found.value, kind)),
    h("span", {class: "note"}, found.usual === null ? t("people.nothing_usual") : t("people.usually", {value: shown(found.usual, kind)}))];
}

/** What a screen reader hears in place of the chart: the newest value, and on how many points a rule found a change. */
function summary(measure, points) {
  const known = points.filter((point) => point.values[measure.name].value !== null);
  if (!known.length) return t("people.no_statement");
  const changed = points.filter((point) => point.values[measure.name].alarm).length;
  const newest = known.at(-1);
  return `${pointDate(newest)}: ${pointSays(newest, measure)}. ${t(points[0].of > 1 || newest.of > 1 ? "people.changed_weeks" : "people.changed_days", {n: changed})}`;
}

/** The figures, newest first; made when it is opened. */
function table(measure, points) {
  const {name, kind} = measure, id = `table-${name}`;
  const inside = h("div", {class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id});
  const row = (point) => {
    const found = point.values[name];
    return h("tr", {}, h("th", {scope: "row"}, tableDate(point)), h("td", {}, shown(found.value, kind)), h("td", {}, shown(found.usual, kind)),
      h("td", {}, found.low === null ? "–" : t("people.from_to", {from: shown(found.low, kind), to: shown(found.high, kind)})),
      h("td", {}, said(point, found)));
  };
  const fill = () => put(inside, h("table", {class: "small"},
    h("thead", {}, h("tr", {}, ["when", "value", "usual", "most_days", "remarks"].map((key) => h("th", {scope: "col"}, t(`people.table.${key}`))))),
    h("tbody", {}, [...points].reverse().map(row))));
  const details = h("details", {class: "behind", ontoggle: () => { if (details.open && !inside.firstChild) fill(); }},
    h("summary", {id}, t("people.table.open", {name: measureName(name)})), inside);
  return details;
}

function said(point, found) {
  const reasons = Object.keys(point.reasons).map((reason) => t(`people.reasons.${reason}`));
  return [found.alarm && t("people.change_found"), point.restart && t("people.new_setup"),
    point.of > 1 && t("people.week_seen", {said: point.said, n: point.of}), ...reasons].filter(Boolean).join("; ");
}
