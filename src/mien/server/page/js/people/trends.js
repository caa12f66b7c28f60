// A person's days or weeks against what is usual for them: one panel a measure, one day looked at in all.

import {get} from "../api.js";
import {h, put} from "../dom.js";
import {t} from "../i18n.js";
import {message, problem} from "../notices.js";
import {panel} from "./panel.js";
import {rangeTools} from "./range.js";
import {dayPoints, localDay, weekPoints} from "./series.js";
import {pointDate, pointSays, pointSeen} from "./words.js";

const MAIN = ["smiling", "expressivity", "coverage"];
const FURTHER = ["changes", "speaking", "valence", "arousal"];

/** The section; `alerts()` gives the person's alerts, which are marked, `baseline()` how far the baseline is, `allowed()` whether consent is in force. Gives {element, refresh(), unmount()}. */
export function trendsSection(name, {alerts, baseline, allowed}) {
  const path = `/v1/log/persons/${encodeURIComponent(name)}/trends`;
  const place = h("div", {class: "stack"}, h("p", {class: "loading"}, t("shell.loading")));
  const tools = rangeTools(() => refresh(), () => show());
  let trends = null, panels = [], day = null; // looked at: none for the newest
  const observer = new ResizeObserver(() => panels.forEach((one) => one.draw()));

  async function refresh() {
    try {
      const asked = tools.query();
      trends = await get(path + asked);
      tools.know(trends); // from the first answer on, it is known how far the days reach
      if (tools.query() !== asked) trends = await get(path + tools.query());
    } catch (error) {
      return put(place, problem(error));
    }
    return show();
  }

  function show() {
    observer.disconnect();
    const open = panels.filter((one) => one.open).map((one) => one.name), held = place.contains(document.activeElement) && document.activeElement.id;
    panels = [];
    tools.element.hidden = !trends.recorded;
    if (!trends.recorded) return put(place, nothing(name, allowed()));
    const points = tools.by() === "week" ? weekPoints(trends) : dayPoints(trends);
    const looked = looker(points, trends, (at) => {
      day = at === newest(points) ? null : points[at].to;
      panels.forEach((one) => one.mark(at));
    });
    const known = new Map(trends.measures.map((measure) => [measure.name, measure]));
    const group = (title, names, tall) => {
      const found = names.map((one) => known.get(one)).filter(Boolean).map((measure) =>
        panel(measure, points, {flags: flags(points, measure, alerts()), look: looked.look, tall}));
      panels.push(...found);
      return found.length ? [h("h3", {class: "group"}, t(title)), tall && h("p", {class: "note small"}, t("people.groups.main_help")), h("div", {class: `panels ${tall ? "tall" : ""}`}, found.map((one) => one.element))] : [];
    };
    const rest = [...known.keys()].filter((one) => !MAIN.includes(one) && !FURTHER.includes(one));
    put(place, learning(baseline()), looked.element, legend(), group("people.groups.main", MAIN, true), group("people.groups.expressions", rest, false), group("people.groups.further", FURTHER, false));
    panels.forEach((one) => { one.draw(); observer.observe(one.place); });
    const kept = day === null ? -1 : points.findIndex((point) => point.from <= day && day <= point.to);
    looked.look(kept < 0 ? newest(points) : kept);
    for (const one of panels) if (open.includes(one.name)) one.open = true;
    if (held) document.getElementById(held)?.focus({preventScroll: true});
    return undefined;
  }

  const element = h("section", {class: "stack trends", "aria-labelledby": "trends-title"},
    h("div", {class: "row apart"}, h("h2", {id: "trends-title"}, t("people.trends")), tools.element), place);
  return {element, refresh, show: () => trends && show(), unmount: () => observer.disconnect()};
}

/** The slider that says which day is looked at, and what was seen of it. */
function looker(points, trends, mark) {
  const main = trends.measures.find(({name}) => name === "smiling") ?? trends.measures[0];
  const day = h("p", {class: "day"}), seen = h("p", {class: "note"});
  const slider = h("input", {type: "range", id: "day-looked-at", min: "0", max: String(points.length - 1), step: "1", "aria-label": t("people.day_looked_at"), oninput: () => look(slider.valueAsNumber)});
  function look(at) {
    const point = points[at];
    slider.value = String(at);
    const words = [pointSeen(point), pointSays(point, main)].filter(Boolean).join("; ");
    slider.setAttribute("aria-valuetext", `${pointDate(point)}: ${words}`);
    day.textContent = pointDate(point);
    seen.textContent = pointSeen(point);
    mark(at);
  }
  return {element: h("div", {class: "looker card"}, h("div", {}, day, seen), slider), look};
}

const newest = (points) => Math.max(points.findLastIndex((point) => point.said), 0);

/** Points in which an alert of a rule that watches the measure opened. */
function flags(points, measure, alerts) {
  const found = new Set();
  for (const alert of alerts) {
    if (!measure.rules.includes(alert.rule)) continue;
    const opened = alert.history.find((step) => step.state === "open")?.time ?? alert.since;
    // the midnight that ends a day is when it is judged
    const day = localDay(new Date(new Date(opened).getTime() - 1));
    const at = points.findIndex((point) => point.from <= day && day <= point.to);
    if (at >= 0) found.add(at);
  }
  return found;
}

function legend() {
  const entry = (kind) => h("li", {}, h("span", {class: `key ${kind}`, "aria-hidden": "true"}), t(`people.legend.${kind}`));
  return h("ul", {class: "legend", "aria-label": t("people.legend.title")}, ["day", "band", "usual", "change", "opened", "silent", "restart"].map(entry));
}

function learning(baseline) {
  return baseline && !baseline.ready ? message(t("people.learning", {n: baseline.days, needed: baseline.needed})) : null;
}

function nothing(name, isAllowed) {
  const title = h("h3", {}, t("people.nothing_recorded"));
  if (!isAllowed) {
    return h("div", {class: "empty card"}, title, h("p", {}, t("people.nothing_allowed")), h("button", {class: "button", type: "button", onclick: () => {
      const consent = document.getElementById("consent-title");
      consent.scrollIntoView({block: "center"});
      consent.closest("section").querySelector("button")?.focus({preventScroll: true});
    }}, t("people.to_consent")));
  }
  return h("div", {class: "empty card"}, title, h("p", {}, t("people.nothing_recorded_help")),
    h("code", {class: "command"}, `mien log record 0 --person ${name} --log FILE`));
}
