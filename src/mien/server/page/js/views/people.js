// People: persons of the log, their alerts, their days and weeks.

import {h, icon, put} from "../dom.js";
import {t} from "../i18n.js";
import {overview} from "../people/overview.js";
import {personPage} from "../people/person.js";
import {open} from "../router.js";
import {logInForm, may, session} from "../session.js";

export const title = "people.title";
export const styles = ["people"];

export function mount(root, app) {
  if (!session().log) return put(root, noLog(app)) && null;
  if (!may("watch")) return put(root, notAllowed(app)) && null;
  const [name] = app.args;
  return name === undefined ? overview(root, app) : personPage(root, app, name);
}

function noLog(app) {
  return h("section", {class: "empty card"}, icon("people"), app.heading(t("people.no_log")), h("p", {}, t("people.no_log_help")),
    h("ol", {class: "steps"},
      h("li", {}, h("p", {}, t("people.no_log_create")), h("code", {class: "command"}, "mien log create --log mien-log.db")),
      h("li", {}, h("p", {}, t("people.no_log_serve")), h("code", {class: "command"}, "mien serve --log mien-log.db"))),
    h("p", {}, t("people.no_log_care")));
}

function notAllowed(app) {
  const card = h("section", {class: "empty card"}, icon("shield"), app.heading(t(session().name ? "people.no_role" : "people.log_in")),
    h("p", {}, t(session().name ? "people.no_role_help" : "people.log_in_help", {role: t("people.role_names.watch")})));
  if (session().log_in) card.append(logInForm(open));
  return card;
}
