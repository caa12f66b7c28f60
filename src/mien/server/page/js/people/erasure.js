// Erasing a person: typed confirmation, and the certificate of what was erased.

import {remove} from "../api.js";
import {once} from "../busy.js";
import {ask} from "../dialogs.js";
import {h, icon, put} from "../dom.js";
import {dateTime, number, t} from "../i18n.js";
import {notice} from "../notices.js";
import {may} from "../session.js";
import {mayNot} from "./alerts.js";
import {save} from "./copies.js";

const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/;

/** The card; `erased(certificate)` is called when it is done. */
export function erasureCard(person, erased) {
  return h("section", {class: "card stack", "aria-labelledby": "erasure-title"}, h("h2", {id: "erasure-title"}, t("people.erasure.title")),
    h("p", {}, t("people.erasure.text")),
    may("admin") ? h("div", {class: "tools"}, h("button", {class: "button danger", type: "button", onclick: ({currentTarget: button}) => run(person, erased, button)}, icon("trash"),
      t("people.erasure.start", {person: person.pseudonym}))) : mayNot("admin", "people.erasure.may_not"));
}

async function run(person, erased, button) {
  const sure = await ask({title: t("people.erasure.sure", {person: person.pseudonym}), text: t("people.erasure.sure_text"),
    confirm: t("people.erasure.confirm"), danger: true, word: person.pseudonym});
  if (!sure) return;
  try {
    const certificate = await once(button, () => remove(`/v1/log/persons/${encodeURIComponent(person.pseudonym)}`, {headers: {"X-Confirm": person.pseudonym}}));
    if (certificate) erased(certificate);
  } catch (error) {
    notice(error.message, "alert");
  }
}

/** Shows the certificate in place of the person. */
export function showCertificate(root, heading, certificate) {
  const rows = Object.entries(certificate.removed).filter(([, count]) => count);
  const line = (term, ...said) => [h("dt", {}, t(`people.certificate.${term}`)), h("dd", {}, said)];
  const title = heading(t("people.certificate.title"));
  put(root, h("a", {class: "back", href: "#/people"}, icon("back"), t("people.back")),
    h("section", {class: "card stack certificate"}, title, h("p", {}, t("people.certificate.text")),
      h("dl", {class: "facts"},
        line("time", dateTime(certificate.time)), line("person", h("code", {}, certificate.number)),
        line("removed", rows.map(([table, count]) => `${table.replaceAll("_", " ")} ${number(count)}`).join(", ")),
        line("copies", certificate.copies.length ? h("ul", {}, certificate.copies.map((copy) => h("li", {}, copy.replace(MOMENT, (moment) => dateTime(moment))))) : t("people.certificate.no_copies")),
        line("entry", number(certificate.entry)), line("hash", h("code", {}, certificate.hash))),
      h("div", {class: "tools"},
        h("button", {class: "button primary", type: "button", onclick: () => keep(certificate)}, icon("download"), t("people.certificate.download")),
        h("button", {class: "button", type: "button", onclick: () => print()}, t("people.certificate.print")))));
  title.focus();
}

function keep({text, time}) {
  save(new Blob([`${text}\n`], {type: "text/plain"}), `certificate-of-erasure-${time.slice(0, 10)}.txt`);
}
