// What leaves the log: the weekly report to read and print, and the person's rows as files.

import {blob} from "../api.js";
import {once} from "../busy.js";
import {h, icon} from "../dom.js";
import {t} from "../i18n.js";
import {notice} from "../notices.js";
import {may} from "../session.js";
import {mayNot} from "./alerts.js";
import {later, localDay, monday} from "./series.js";
import {range} from "./words.js";

const FORMS = [["csv", "CSV"], ["jsonl", "JSON Lines"], ["parquet", "Parquet"]];
const WEEKS = 12;

/** The card with the report and the export. */
export function copiesCard(person) {
  const path = `/v1/log/persons/${encodeURIComponent(person.pseudonym)}`;
  return h("section", {class: "card stack", "aria-labelledby": "copies-title"}, h("h2", {id: "copies-title"}, t("people.copies.title")),
    person.last_seen ? report(path, person.last_seen) : h("p", {class: "note"}, t("people.copies.no_report")), may("admin") ? exporting(path, person.pseudonym) : mayNot("admin", "people.copies.may_not"));
}

function report(path, seen) {
  const options = weeks(localDay(new Date()), localDay(new Date(seen))).map(([from, to]) => h("option", {value: `${from}/${to}`}, range(from, to)));
  const week = h("select", {class: "input", id: "report-week", onchange: () => aim()}, options);
  const link = h("a", {class: "button", target: "_blank", rel: "noopener"}, icon("picture"), t("people.copies.open"));
  const aim = () => {
    const [from, to] = week.value.split("/");
    link.href = `${path}/report?from=${from}&to=${to}`;
  };
  aim();
  return h("div", {class: "field"}, h("label", {for: "report-week"}, t("people.copies.report")),
    h("div", {class: "row"}, h("div", {class: "grow"}, week), link), h("span", {class: "note small"}, t("people.copies.report_help")));
}

/** Weeks that are over, Monday to Sunday, the newest in which the person was seen first. */
export function weeks(today, seen) {
  const over = later(monday(today), -7), last = monday(seen) < over ? monday(seen) : over;
  return Array.from({length: WEEKS}, (_, at) => [later(last, -7 * at), later(last, 6 - 7 * at)]);
}

function exporting(path, name) {
  const form = h("select", {class: "input", id: "export-format"}, FORMS.map(([value, text]) => h("option", {value}, text)));
  const button = h("button", {class: "button", type: "button", onclick: () => run()}, icon("download"), t("people.copies.export"));
  const run = () => once(button, async () => {
    try {
      save(await blob(`${path}/export?format=${form.value}`), `${name}.${form.value}`);
      notice(t("people.copies.exported"), "good");
    } catch (error) {
      notice(error.message, "alert");
    }
  });
  return h("div", {class: "field"}, h("label", {for: "export-format"}, t("people.copies.format")),
    h("div", {class: "row"}, h("div", {class: "grow"}, form), button), h("span", {class: "note small"}, t("people.copies.export_help")));
}

/** Lets the browser keep a file. */
export function save(content, name) {
  const link = h("a", {href: URL.createObjectURL(content), download: name, hidden: true});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
