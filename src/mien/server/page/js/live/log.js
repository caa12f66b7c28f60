// Asks for whom the camera is recorded to the log: only persons whose consent is in force.
//
//   await choosePerson() → "P-01" or null

import {get} from "../api.js";
import {form, show} from "../dialogs.js";
import {h} from "../dom.js";
import {t} from "../i18n.js";

export async function choosePerson() {
  const answer = await get("/v1/log/persons");
  const names = (answer.persons || []).filter((person) => person.consent === "in_force").map((person) => person.pseudonym);
  if (!names.length) {
    await show(t("live.log_title"), h("p", {}, t("live.log_nobody")), h("p", {}, h("a", {href: "#/people"}, t("live.log_people"))));
    return null;
  }
  const typed = await form({title: t("live.log_title"), text: t("live.log_text"), confirm: t("live.log_start"),
    fields: [{name: "person", label: t("live.log_person"), options: names.map((name) => [name, name])}]});
  return typed?.person ?? null;
}
