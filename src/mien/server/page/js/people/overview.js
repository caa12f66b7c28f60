// All persons, and the alerts of all of them.

import {get, post} from "../api.js";
import {once} from "../busy.js";
import {form} from "../dialogs.js";
import {h, icon, put} from "../dom.js";
import {moment, t} from "../i18n.js";
import {notice} from "../notices.js";
import {may} from "../session.js";
import {alertList, mayNot, precision} from "./alerts.js";
import {onChanges} from "./changes.js";
import {consentChip} from "./consent.js";

const MANY = 8;

/** The page of all persons; gives a function that ends it. */
export async function overview(root, app) {
  let all = false, persons = [], waiting = new Set(); // persons with an alert that nobody has acknowledged
  const list = h("div", {}), rules = h("div", {});
  const alerts = alertList({named: true, empty: noAlerts, read: async () => {
    const found = await get(`/v1/log/alerts?state=${all ? "all" : "live"}`);
    put(rules, precision(found.precision, rules.querySelector("details")?.open));
    waiting = new Set(found.alerts.filter(({state}) => state === "open").map(({person}) => person));
    draw();
    return all ? found.alerts.reverse() : found.alerts;
  }});
  const filter = h("div", {class: "segments", role: "group", "aria-label": t("people.which_alerts")}, [false, true].map((value) =>
    h("button", {class: "button compact", type: "button", "aria-pressed": String(value === all), onclick: (event) => {
      all = value;
      for (const button of filter.children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      alerts.refresh();
    }}, t(value ? "people.all_alerts" : "people.live_alerts"))));

  const search = h("input", {class: "input", type: "search", placeholder: t("people.search"), "aria-label": t("people.search"), oninput: () => draw()});
  const draw = () => {
    const wanted = persons.filter(({pseudonym}) => pseudonym.toLowerCase().includes(search.value.trim().toLowerCase()));
    search.hidden = persons.length <= MANY;
    const held = list.contains(document.activeElement) && document.activeElement.hash;
    put(list, h("ul", {class: "persons card"}, wanted.map((person) => row(person, waiting.has(person.pseudonym)))), !wanted.length && h("p", {class: "note"}, t("people.none_found")));
    if (held) [...list.querySelectorAll("a")].find(({hash}) => hash === held)?.focus({preventScroll: true});
  };

  async function load() {
    persons = (await get("/v1/log/persons")).persons;
    persons.sort((a, b) => Math.sign(b.open_alerts) - Math.sign(a.open_alerts) || a.pseudonym.localeCompare(b.pseudonym));
  }

  await load();
  const enrol = may("admin") && h("button", {class: `button ${persons.length ? "" : "primary"}`, type: "button", onclick: ({currentTarget: button}) => enrolPerson(app, button)}, icon("plus"), t("people.enrol"));
  if (!persons.length) {
    put(root, app.heading(), h("section", {class: "empty card"}, icon("people"), h("h2", {}, t("people.nobody")), h("p", {}, t("people.nobody_help")),
      enrol || mayNot("admin", "people.enrol_may_not")));
    return onChanges(async () => {
      await load();
      if (persons.length) app.go("people");
    });
  }
  draw();
  put(root, h("div", {class: "row apart"}, app.heading(), enrol),
    h("div", {class: "overview"},
      h("section", {class: "stack tight", "aria-labelledby": "alerts-title"}, h("div", {class: "row apart"}, h("h2", {id: "alerts-title"}, t("people.alerts")), filter),
        h("p", {class: "note small"}, t("people.alert_means")), mayNot("care", "people.alerts_may_not"), alerts.element,
        may("care") && h("p", {class: "note small"}, t("people.answers_mean")), rules),
      h("section", {class: "stack tight", "aria-labelledby": "persons-title"}, h("div", {class: "row apart"}, h("h2", {id: "persons-title"}, t("people.persons"))), search, list, h("p", {class: "note small"}, t("people.nobody_recognised")))));
  alerts.refresh();
  const off = onChanges(async () => {
    await alerts.refresh();
    await load();
    draw();
  });
  return () => {
    off();
    alerts.unmount();
  };
}

function row(person, waits) {
  const {pseudonym, last_seen: seen, open_alerts: open} = person;
  return h("li", {}, h("a", {class: "name", href: `#/people/${encodeURIComponent(pseudonym)}`}, pseudonym),
    open > 0 && h("span", {class: `chip ${waits ? "alert" : "warn"}`}, icon("alert"), t("people.open_alerts", {n: open})),
    h("span", {class: "row apart about"}, h("span", {class: "note small"}, seen ? t("people.last_seen", {when: moment(seen)}) : t("people.never_seen")), consentChip(person, true)));
}

const noAlerts = () => h("div", {class: "card none"}, h("p", {}, t("people.no_alerts")), h("p", {class: "note small"}, t("people.no_all_clear")));

async function enrolPerson(app, button) {
  const typed = await form({title: t("people.enrol"), text: t("people.enrol_text"), confirm: t("people.enrol"),
    fields: [{name: "pseudonym", label: t("people.pseudonym"), required: true, help: t("people.pseudonym_help")}]});
  if (!typed) return;
  try {
    const person = await once(button, () => post("/v1/log/persons", typed));
    if (!person) return;
    app.go("people", person.pseudonym);
    notice(t("people.enrolled", {person: person.pseudonym}), "good");
  } catch (error) {
    notice(error.message, "alert");
  }
}
