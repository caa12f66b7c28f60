// Which days are shown: how many, until when, and whether as days or as weeks.

import {h, icon} from "../dom.js";
import {t} from "../i18n.js";
import {between, later} from "./series.js";

const RANGES = [28, 56, 182, 364];
const USUAL = 56;
let days = USUAL, by = "day"; // kept while the page is open, from person to person

/** `reload()`: other days are needed; `redraw()`: the same days, shown otherwise. */
export function rangeTools(reload, redraw) {
  let last = null, recorded = null;
  const choose = (value) => {
    by = value;
    paint();
    redraw();
  };
  const buttons = ["day", "week"].map((value) => h("button", {class: "button compact", type: "button", onclick: () => choose(value), dataset: {by: value}}, t(`people.by_${value}`)));
  const paint = () => buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.by === by)));
  const range = h("select", {class: "input compact", "aria-label": t("people.range"), onchange: () => {
    days = Number(range.value);
    reload();
  }}, RANGES.map((count) => h("option", {value: count, selected: count === days}, t(`people.ranges.${count}`))));
  const step = (way) => {
    last = later(last ?? recorded.last, way * days);
    if (last >= recorded.last) last = null;
    else if (last < recorded.first) last = later(recorded.first, days - 1);
    reload();
  };
  const earlier = h("button", {class: "button compact", type: "button", "aria-label": t("people.earlier"), title: t("people.earlier"), onclick: () => step(-1)}, icon("back"));
  const newer = h("button", {class: "button compact turned", type: "button", "aria-label": t("people.newer"), title: t("people.newer"), onclick: () => step(1)}, icon("back"));
  paint();

  /** Of the time asked for; empty for what the server takes by itself: the newest eight weeks there are. */
  function query() {
    const end = last ?? recorded?.last;
    return end && (last || days !== USUAL) ? `?${new URLSearchParams({from: later(end, 1 - days), to: end})}` : "";
  }

  /** What the server answered: the ends of what there is. */
  function know(trends) {
    recorded = trends.recorded;
    earlier.disabled = !recorded || !trends.from || between(recorded.first, trends.from) <= 0;
    newer.disabled = !recorded || last === null;
  }

  const element = h("div", {class: "tools", role: "group", "aria-label": t("people.range")}, h("div", {class: "segments"}, buttons), range, earlier, newer);
  return {element, query, know, by: () => by};
}
