// The consents of a person: which is in force, giving one, taking it back.

import {post} from "../api.js";
import {once} from "../busy.js";
import {ask, form} from "../dialogs.js";
import {h, icon} from "../dom.js";
import {date, t} from "../i18n.js";
import {notice} from "../notices.js";
import {may} from "../session.js";
import {mayNot} from "./alerts.js";

const KINDS = {in_force: "good", ended: "warn", withdrawn: "warn", none: ""};
const DAY = 86400000;
const lastDay = (until) => date(new Date(until) - 1); // the midnight that ends a day belongs to that day

/** A chip with the state of the consent, and with its end where `brief` is not asked for. */
export function consentChip({consent, consent_until: until}, brief = false) {
  const text = consent === "in_force" && until && !brief ? t("people.consent.in_force_until", {date: lastDay(until)}) : t(`people.consent.${consent}`);
  return h("span", {class: `chip ${KINDS[consent]}`}, consent === "in_force" && icon("check"), text);
}

/** The card; `changed(person)` is called with what the server answers. */
export function consentCard(person, changed) {
  const path = `/v1/log/persons/${encodeURIComponent(person.pseudonym)}`;
  return h("section", {class: "card stack", "aria-labelledby": "consent-title"},
    h("div", {class: "row apart"}, h("h2", {id: "consent-title"}, t("people.consent.title")), consentChip(person)),
    person.consents.length ? h("ul", {class: "consents"}, [...person.consents].reverse().map(one)) : h("p", {class: "note"}, t("people.consent.nothing")),
    h("p", {class: "note small"}, t("people.consent.help")),
    pictures(person, path, changed),
    h("div", {class: "tools"},
      may("admin") && h("button", {class: "button", type: "button", onclick: () => give(person, path, changed)}, icon("plus"), t("people.consent.give")),
      may("care") && person.in_force && h("button", {class: "button danger", type: "button", onclick: () => withdraw(person, path, changed)}, t("people.consent.withdraw"))),
    mayNot("admin", "people.consent.may_not"), mayNot("care", "people.consent.may_not_withdraw"));
}

/** Whether pictures may be kept, how many are, and the way to end that. */
function pictures(person, path, changed) {
  if (!person.pictures && !person.picture_files) return null;
  return h("div", {class: "stack tight"},
    h("p", {}, t(person.pictures ? "people.consent.pictures_allowed" : "people.consent.pictures_over"), " ", person.picture_files ? t("people.consent.pictures_kept", {n: person.picture_files}) : t("people.consent.pictures_none")),
    may("care") && h("div", {class: "tools"}, h("button", {class: "button danger", type: "button", onclick: () => endPictures(person, path, changed)}, t("people.consent.pictures_end"))));
}

async function endPictures(person, path, changed) {
  const sure = await ask({title: t("people.consent.pictures_end_title", {person: person.pseudonym}), text: t("people.consent.pictures_end_text"),
    confirm: t("people.consent.pictures_end"), danger: true});
  if (sure) await answer(`${path}/pictures/withdrawal`, {}, "people.consent.pictures_ended", changed);
}

function one({given_by: by, purpose, given, until, withdrawn, pictures: wide, pictures_withdrawn: narrowed}) {
  const end = withdrawn ? t("people.consent.withdrawn_on", {date: date(withdrawn)}) : until ? t("people.consent.until", {date: lastDay(until)}) : t("people.consent.no_end");
  return h("li", {}, h("b", {}, t("people.consent.by", {who: by, date: date(given)})), h("span", {}, purpose), h("span", {class: "note small"}, end),
    wide && h("span", {class: "note small"}, narrowed ? t("people.consent.pictures_withdrawn_on", {date: date(narrowed)}) : t("people.consent.with_pictures")));
}

async function give(person, path, changed) {
  const year = new Date(Date.now() + 365 * DAY).toISOString().slice(0, 10);
  const typed = await form({title: t("people.consent.give_title", {person: person.pseudonym}), text: t("people.consent.give_text"), confirm: t("people.consent.give"),
    fields: [
      {name: "given_by", label: t("people.consent.given_by"), required: true, help: t("people.consent.given_by_help")},
      {name: "purpose", label: t("people.consent.purpose"), required: true, help: t("people.consent.purpose_help")},
      {name: "until", label: t("people.consent.until_label"), type: "date", value: year, help: t("people.consent.until_help")},
      {name: "pictures", label: t("people.consent.pictures"), type: "checkbox", help: t("people.consent.pictures_help")},
    ]});
  if (typed) await answer(`${path}/consents`, {given_by: typed.given_by, purpose: typed.purpose, pictures: typed.pictures, ...(typed.until && {until: typed.until})}, "people.consent.given", changed);
}

async function withdraw(person, path, changed) {
  const sure = await ask({title: t("people.consent.withdraw_title", {person: person.pseudonym}), text: t("people.consent.withdraw_text"),
    confirm: t("people.consent.withdraw"), danger: true});
  if (sure) await answer(`${path}/withdrawal`, {}, "people.consent.taken_back", changed);
}

function answer(path, body, said, changed) {
  return once(document.getElementById("consent-title").closest("section"), async () => {
    try {
      changed(await post(path, body));
      notice(t(said), "good");
    } catch (error) {
      notice(error.message, "alert");
    }
  });
}
