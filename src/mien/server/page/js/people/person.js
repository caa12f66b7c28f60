// One person: alerts, days and weeks, consent, report, export and erasure.

import {Problem, get} from "../api.js";
import {h, icon, put} from "../dom.js";
import {moment, t} from "../i18n.js";
import {message, notice} from "../notices.js";
import {alertList, mayNot} from "./alerts.js";
import {onChanges} from "./changes.js";
import {consentCard, consentChip} from "./consent.js";
import {copiesCard} from "./copies.js";
import {erasureCard, showCertificate} from "./erasure.js";
import {sessionsCard} from "./sessions.js";
import {trendsSection} from "./trends.js";

/** The page of the person called `name`; gives a function that ends it. */
export async function personPage(root, app, name) {
  const path = `/v1/log/persons/${encodeURIComponent(name)}`;
  const back = () => h("a", {class: "back", href: "#/people"}, icon("back"), t("people.back"));
  let person, known = [], ended = false;
  try {
    person = await get(path);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    put(root, back(), h("section", {class: "empty card"}, icon("person"), app.heading(t("people.not_found", {person: name})), h("p", {}, t("people.not_found_help"))));
    return null;
  }
  const facts = h("div", {class: "row"}), consent = h("div", {});
  const alerts = alertList({named: false, empty: noAlerts, read: async () => {
    known = (await get(`/v1/log/alerts?state=all&person=${encodeURIComponent(name)}`)).alerts;
    return [...known].reverse();
  }});
  const trends = trendsSection(name, {alerts: () => known, baseline: () => person.baseline, allowed: () => person.in_force});

  const about = (now) => {
    person = now;
    put(facts, consentChip(person), h("span", {class: "note"}, person.last_seen ? t("people.last_seen", {when: moment(person.last_seen)}) : t("people.never_seen")));
    const held = consent.contains(document.activeElement);
    put(consent, consentCard(person, about));
    if (held) (consent.querySelector("button:not(.danger)") ?? consent.querySelector("button"))?.focus({preventScroll: true});
    trends.show();
  };
  const erased = (certificate) => {
    end();
    showCertificate(root, app.heading, certificate);
  };
  const changedDays = () => {
    trends.refresh();
    get(path).then(about, (error) => notice(error.message, "alert"));
  };
  about(person);
  document.title = `${name} – Mien`;
  put(root, back(), h("div", {class: "row"}, h("div", {class: "grow"}, app.heading(name)), facts),
    message(t("people.nobody_recognised")),
    h("section", {class: "stack tight", "aria-labelledby": "alerts-title"}, h("h2", {id: "alerts-title"}, t("people.alerts")), mayNot("care", "people.alerts_may_not"), alerts.element),
    trends.element, h("h2", {class: "unseen"}, t("people.kept")), h("div", {class: "kept"}, consent, sessionsCard(person, changedDays), copiesCard(person), erasureCard(person, erased)));
  alerts.refresh().then(trends.show);
  trends.refresh();
  const off = onChanges(async (what) => {
    if (what.persons) await get(path).then(about, gone);
    if (!what.alerts) return;
    await alerts.refresh();
    trends.show();
  });
  function gone(error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    app.go("people", name); // erased in another window: says so
  }
  function end() {
    if (ended) return;
    ended = true;
    off();
    alerts.unmount();
    trends.unmount();
  }
  return end;
}

const noAlerts = () => h("div", {class: "card none"}, h("p", {}, t("people.no_alerts")), h("p", {class: "note small"}, t("people.no_all_clear")));
