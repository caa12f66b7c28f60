// Figures: the scores that a model carries, and those of reports that the server was given.

import {h} from "../dom.js";
import {has, number, percent, t} from "../i18n.js";
import {message} from "../notices.js";

const RATIOS = ["accuracy", "balanced_accuracy", "macro_f1", "ece", "ap", "ap50", "ap75"];
const figure = (name, value) => (typeof value !== "number" ? String(value) : RATIOS.includes(name) && Math.abs(value) <= 1 ? percent(value, 1) : number(value, {maximumSignificantDigits: 4}));
const nameOf = (name) => (has(`models.figures.${name}`) ? t(`models.figures.${name}`) : name.replaceAll("_", " "));

/** What a model says of itself: {data: {measure: value}} or {measure: value}. */
export function scores(found) {
  const entries = Object.entries(found);
  if (!entries.length) return null;
  const rows = entries.flatMap(([key, value]) => (value && typeof value === "object" ? Object.entries(value).map(([name, one]) => [`${key}, ${nameOf(name)}`, figure(name, one)]) : [[nameOf(key), figure(key, value)]]));
  return h("div", {}, h("h3", {}, t("models.scores")), h("dl", {class: "facts"}, rows.map(([key, value]) => [h("dt", {}, key), h("dd", {class: "numbers"}, value)])));
}

/** A card for each report. */
export function evaluations(list) {
  const empty = () => h("div", {class: "card stack tight"}, h("p", {}, t("models.no_reports")), h("code", {class: "command"}, "mien evaluate default --data fer2013.zip --split public --json > reports/default.json"),
    h("code", {class: "command"}, "mien serve --reports reports"));
  return h("section", {class: "stack tight", "aria-labelledby": "figures-title"}, h("h2", {id: "figures-title"}, t("models.evaluations")),
    list.length ? h("div", {class: "evaluations"}, list.map(one)) : empty());
}

function one(report) {
  const count = report.pictures ?? report.n, known = RATIOS.filter((name) => report[name] !== undefined);
  const about = [report.model ?? report.detector, report.data ?? report.dataset, report.split, count && t("models.pictures", {n: count}),
    report.faces && t("models.faces", {n: report.faces})].filter(Boolean).join(" · ");
  return h("article", {class: "card stack tight"}, h("h3", {}, report.name), h("p", {class: "note small"}, about),
    h("dl", {class: "figures"}, known.map((name) => h("div", {}, h("dt", {}, nameOf(name)), h("dd", {class: "numbers"}, figure(name, report[name]))))),
    report.warnings?.length > 0 && message(h("ul", {class: "stack tight", lang: "en"}, report.warnings.map((line) => h("li", {}, line))), "warn"));
}
