// The recordings of a person: what is there, and removing one that is wrong.

import {get, remove} from "../api.js";
import {once} from "../busy.js";
import {ask} from "../dialogs.js";
import {h, icon, put} from "../dom.js";
import {date, dateTime, has, t} from "../i18n.js";
import {notice, problem} from "../notices.js";
import {may} from "../session.js";
import {mayNot} from "./alerts.js";

const AT_A_TIME = 20;

/** The card; the list is read, and noted in the audit trail, when it is opened. `removed()`: after one went. */
export function sessionsCard(person, removed) {
  const path = `/v1/log/persons/${encodeURIComponent(person.pseudonym)}/sessions`;
  const list = h("ul", {class: "sessions"}), more = h("div", {}), place = h("div", {class: "stack tight"});
  let sessions = [], shown = AT_A_TIME;

  async function read() {
    put(place, h("p", {class: "note"}, t("shell.loading")));
    try {
      sessions = (await get(path)).sessions.reverse();
    } catch (error) {
      return put(place, problem(error), h("div", {}, h("button", {class: "button compact", type: "button", onclick: read}, t("shell.again"))));
    }
    return draw();
  }

  function draw() {
    if (!sessions.length) return put(place, h("p", {class: "note"}, t("people.sessions.none")));
    put(list, sessions.slice(0, shown).map((one) => row(one, drop)));
    put(more, sessions.length > shown && h("button", {class: "button compact", type: "button", onclick: () => {
      shown += AT_A_TIME;
      draw();
      list.children[shown - AT_A_TIME]?.focus();
    }}, t("people.sessions.more")));
    return put(place, h("p", {class: "note small"}, t("people.sessions.help")), list, more, mayNot("admin", "people.sessions.may_not"));
  }

  async function drop(one, button) {
    const others = one.others.length ? ` ${t("people.sessions.others_too", {others: one.others.join(", ")})}` : "";
    const sure = await ask({title: t("people.sessions.remove_title", {number: String(one.session), when: date(one.start)}), text: t("people.sessions.remove_text") + others,
      confirm: t("people.sessions.remove"), danger: true});
    if (!sure) return;
    try {
      if (!(await once(button, () => remove(`${path}/${one.session}`)))) return;
      notice(t("people.sessions.removed", {number: String(one.session)}), "good");
      removed();
    } catch (error) {
      notice(error.message, "alert");
    }
    await read();
    (list.querySelector("button") ?? summary).focus();
  }

  const summary = h("summary", {}, t("people.sessions.open"));
  const details = h("details", {ontoggle: () => { if (details.open && !place.firstChild) read(); }}, summary, place);
  return h("section", {class: "card stack", "aria-labelledby": "sessions-title"}, h("h2", {id: "sessions-title"}, t("people.sessions.title")), details);
}

function row(one, drop) {
  const source = has(`people.sessions.kinds.${one.kind}`) ? t(`people.sessions.kinds.${one.kind}`) : one.kind;
  const when = one.end ? `${dateTime(one.start)} – ${date(one.end, sameDay(one) ? {timeStyle: "short"} : {dateStyle: "medium", timeStyle: "short"})}` : dateTime(one.start);
  const holds = [t("people.sessions.windows", {n: one.windows}), one.picture_files > 0 && t("people.sessions.pictures", {n: one.picture_files})].filter(Boolean);
  const button = may("admin") && one.over && h("button", {class: "button danger compact", type: "button", "aria-label": t("people.sessions.remove_of", {number: String(one.session)}), onclick: () => drop(one, button)},
    icon("trash"), t("people.sessions.remove"));
  return h("li", {tabindex: "-1"}, h("div", {class: "grow"}, h("b", {}, when), h("div", {class: "small"}, `${one.place} · ${source}`),
    h("div", {class: "note small"}, `${t("people.sessions.number", {number: String(one.session)})} · ${holds.join(" · ")}`),
    one.others.length > 0 && h("div", {class: "note small"}, t("people.sessions.shows_too", {others: one.others.join(", ")}))),
    one.over ? button : h("span", {class: "chip accent"}, t("people.sessions.running")));
}

const sameDay = ({start, end}) => new Date(start).toDateString() === new Date(end).toDateString();
