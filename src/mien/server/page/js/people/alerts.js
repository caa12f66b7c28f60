// A list of alerts: acknowledge with one key, resolve, say whether one was useful.

import {post} from "../api.js";
import {once} from "../busy.js";
import {form} from "../dialogs.js";
import {h, icon, put} from "../dom.js";
import {ago, capital, date, dateTime, t} from "../i18n.js";
import {keys} from "../keys.js";
import {notice, problem} from "../notices.js";
import {may} from "../session.js";
import {detail} from "./details.js";
import {ruleName} from "./words.js";

const CHIPS = {open: "alert", acknowledged: "warn", resolved: "good"};
const live = (alert) => alert.state !== "resolved";

/**
 * `list` of alerts into an element. `read()` gives the alerts anew; `named`: whether each names its person.
 * Gives {element, refresh(), unmount()}.
 */
export function alertList({read, named, empty}) {
  const place = h("div", {class: "stack tight alerts"});
  const sending = new Set(); // numbers of alerts whose answer is on its way
  let alerts = [];

  async function refresh() {
    try {
      alerts = await read();
    } catch (error) {
      return put(place, problem(error));
    }
    return draw();
  }

  function draw() {
    const held = document.activeElement?.closest?.(".alert-card");
    const wanted = held && place.contains(held) ? held.dataset.number : null;
    const button = wanted && document.activeElement.dataset.does;
    const next = first();
    put(place, alerts.length ? alerts.map((alert) => card(alert, {named, isNext: alert === next, does})) : empty());
    for (const number of sending) cardOf(number)?.setAttribute("aria-busy", "true");
    const again = wanted && place.querySelector(`[data-number="${wanted}"]`);
    if (again) (again.querySelector(`[data-does="${button}"]`) ?? again).focus();
  }

  const first = () => alerts.find((alert) => alert.state === "open");

  function selected(fits) {
    const held = document.activeElement?.closest?.(".alert-card");
    const found = held && alerts.find((alert) => String(alert.number) === held.dataset.number);
    return found && fits(found) ? found : alerts.find(fits);
  }

  const cardOf = (number) => place.querySelector(`[data-number="${number}"]`);
  const answer = (alert, what, body, said) => once(cardOf(alert.number) ?? place, async () => {
    sending.add(alert.number);
    try {
      await send(alert, what, body, said);
    } finally {
      sending.delete(alert.number);
      draw();
    }
  });

  async function send(alert, what, body, said) {
    try {
      const after = await post(`/v1/log/alerts/${alert.number}/${what}`, body);
      alerts = alerts.map((one) => (one.number === after.number ? after : one));
      notice(t(said, {person: alert.person ?? t("people.installation"), rule: ruleName(alert.rule)}), "good");
    } catch (error) {
      notice(error.message, "alert");
      await refresh();
    }
  }

  const acknowledge = (alert) => alert && answer(alert, "acknowledgement", {}, "people.acknowledged");

  async function resolve(alert) {
    const typed = alert && await form({title: t("people.resolve_title"), text: capital(detail(alert.detail)), confirm: t("people.resolve"),
      fields: [{name: "why", label: t("people.why"), type: "textarea", help: t("people.why_help")}]});
    if (typed) await answer(alert, "resolution", {why: typed.why.replace(/\s+/g, " ")}, "people.resolved");
  }

  const judge = (alert, useful) => answer(alert, "feedback", // the note goes with the answer that it explains
    {useful, ...(useful === alert.useful && alert.feedback_note && {note: alert.feedback_note})}, "people.judged");

  async function note(alert) {
    const typed = alert && await noteOn(t(alert.state === "open" ? "people.note_title_open" : "people.note_title"), capital(detail(alert.detail)));
    if (typed) await answer(alert, "acknowledgement", {note: typed}, alert.state === "open" ? "people.acknowledged" : "people.noted");
  }

  async function explain(alert) {
    const typed = await noteOn(t(alert.useful ? "people.why_useful" : "people.why_not_useful"), capital(detail(alert.detail)), alert.feedback_note);
    if (typed) await answer(alert, "feedback", {useful: alert.useful, note: typed}, "people.noted");
  }
  const does = {acknowledge, resolve, judge, note, explain};

  function move(by) {
    const cards = [...place.querySelectorAll(".alert-card")];
    const at = cards.indexOf(document.activeElement?.closest?.(".alert-card"));
    cards[Math.max(0, Math.min(cards.length - 1, at + by))]?.focus();
  }

  const off = keys([
    ...(may("care") ? [
      {key: "a", text: t("people.keys.acknowledge"), run: () => acknowledge(selected((alert) => alert.state === "open"))},
      {key: "r", text: t("people.keys.resolve"), run: () => resolve(selected(live))},
      {key: "n", text: t("people.keys.note"), run: () => note(selected(live))}] : []),
    {key: "j", text: t("people.keys.next"), run: () => move(1), repeats: true},
    {key: "k", text: t("people.keys.before"), run: () => move(-1), repeats: true},
  ]);
  return {element: place, refresh, unmount: off};
}

/** A line about an alert, on one line as the log takes it; null where nothing was written. */
async function noteOn(title, text, value = "") {
  const typed = await form({title, text, confirm: t("people.note_keep"),
    fields: [{name: "note", label: t("people.note"), type: "textarea", value: value ?? "", required: true, help: t("people.note_help")}]});
  return typed && typed.note.replace(/\s+/g, " ");
}

function card(alert, {named, isNext, does}) {
  const id = `alert-${alert.number}`, who = alert.person ?? t("people.installation");
  const title = named && alert.person
    ? h("h3", {id}, h("a", {href: `#/people/${encodeURIComponent(alert.person)}`}, who), " · ", ruleName(alert.rule))
    : h("h3", {id}, named ? `${who} · ${ruleName(alert.rule)}` : ruleName(alert.rule));
  return h("article", {class: `card alert-card ${alert.state}`, tabindex: "-1", "aria-labelledby": id, dataset: {number: alert.number}},
    h("div", {class: "head"}, title, h("span", {class: `chip ${CHIPS[alert.state]}`}, t(`people.states.${alert.state}`))),
    h("p", {class: "found"}, capital(detail(alert.detail))),
    h("p", {class: "note small"}, t("people.since", {date: date(alert.since), ago: ago(alert.since)}), history(alert)),
    notes(alert),
    may("care") ? h("div", {class: "row apart"}, answers(alert, isNext, does), judgement(alert, does)) : verdict(alert));
}

function answers(alert, isNext, does) {
  if (!live(alert)) return h("span");
  return h("div", {class: "tools"},
    alert.state === "open" && h("button", {class: "button primary", type: "button", dataset: {does: "acknowledge"}, onclick: () => does.acknowledge(alert)},
      t("people.acknowledge"), isNext && h("kbd", {"aria-hidden": "true"}, "A")),
    h("button", {class: "button", type: "button", dataset: {does: "resolve"}, onclick: () => does.resolve(alert)}, t("people.resolve_open")),
    h("button", {class: "button", type: "button", dataset: {does: "note"}, onclick: () => does.note(alert)}, t("people.note_open")));
}

function judgement(alert, does) {
  const id = `useful-${alert.number}`;
  const choice = (useful, text) => h("button", {class: "button compact", type: "button", "aria-pressed": String(alert.useful === useful), dataset: {does: `useful-${useful}`},
    onclick: () => does.judge(alert, useful)}, t(text));
  return h("div", {class: "row useful", role: "group", "aria-labelledby": id}, h("span", {id, class: "small note"}, t("people.was_useful")),
    choice(true, "people.yes"), choice(false, "people.no"),
    alert.useful !== null && h("button", {class: "button quiet compact", type: "button", dataset: {does: "explain"}, onclick: () => does.explain(alert)}, t(alert.feedback_note ? "people.explain_again" : "people.explain")));
}

function verdict(alert) {
  if (alert.useful === null) return null;
  return h("p", {class: "note small"}, t(alert.useful ? "people.useful_by" : "people.not_useful_by", {who: alert.feedback_by ?? ""}));
}

/** Who did what, when: shown in full, one after the other. */
function history(alert) {
  const steps = alert.history.filter((step) => ["acknowledged", "resolved"].includes(step.state))
    .filter((step, at, all) => step.state !== "acknowledged" || all.findIndex((one) => one.state === step.state) === at) // later ones are notes
    .map((step) => {
      const ended = step.who === "mien";
      return t(ended ? `people.steps.${step.state}_alone` : `people.steps.${step.state}`, {who: step.who, when: dateTime(step.time)});
    });
  return steps.map((step) => ` · ${step}`).join("");
}

/** What people wrote, in the order of time. */
function notes(alert) {
  const said = alert.history.filter((step) => step.why && step.who !== "mien").map((step) => [step.who, step.why]);
  if (alert.feedback_note) said.push([alert.feedback_by, alert.feedback_note]);
  return said.length > 0 && h("ul", {class: "said"}, said.map(([who, text]) => h("li", {}, h("span", {class: "note"}, t("people.said_by", {who})), " ", text)));
}

/** How many alerts of each rule were useful. */
export function precision(rules, open = false) {
  if (!rules.length) return null;
  return h("details", {class: "small", open}, h("summary", {}, t("people.precision")),
    h("ul", {class: "plain"}, rules.map(({rule, useful, answered}) => h("li", {}, t("people.precision_of", {rule: ruleName(rule), useful, n: answered})))),
    h("p", {class: "note"}, t("people.precision_help")));
}

/** Why there are no buttons, for those whose role is too low. */
export const mayNot = (role, text) => (may(role) ? null : h("p", {class: "note small with-icon"}, icon("shield"), t(text, {role: t(`people.role_names.${role}`)})));
