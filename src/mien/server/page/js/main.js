// Starts the page: language, session, header, then the view of the address.

import {Problem} from "./api.js";
import {watch, onBack} from "./connection.js";
import {show} from "./dialogs.js";
import {h, icon, put} from "./dom.js";
import * as i18n from "./i18n.js";
import {everywhere, help} from "./keys.js";
import {problem} from "./notices.js";
import * as router from "./router.js";
import * as session from "./session.js";

const {t} = i18n;
const THEME = "mien.theme";

function words() {
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
}

function places() {
  put(document.querySelector(".places"), router.VIEWS.map(([name, picture]) =>
    h("a", {href: `#/${name}`, dataset: {view: name}}, icon(picture), h("span", {}, t(`shell.views.${name}`)))));
}

const dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function switchTheme() {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem(THEME, theme); } catch { /* for this visit only */ }
  switches();
  window.dispatchEvent(new Event("themechange")); // canvases draw again
}

function switches() {
  const languages = i18n.languages();
  const theme = t(dark() ? "shell.light" : "shell.dark");
  put(document.querySelector(".switches"),
    languages.length > 1 && h("select", {class: "language", "aria-label": t("shell.language"), onchange: (event) => i18n.choose(event.target.value)},
      languages.map(({code, name}) => h("option", {value: code, selected: code === i18n.language(), lang: code}, name))),
    h("button", {class: "button quiet round", type: "button", "aria-label": theme, title: theme, onclick: () => { switchTheme(); document.querySelector(".for-theme").focus(); }}, icon(dark() ? "sun" : "moon")),
    h("button", {class: "button quiet round for-keys", type: "button", "aria-label": t("shell.keys.title"), title: `${t("shell.keys.title")} (?)`, onclick: help}, h("b", {"aria-hidden": "true"}, "?")),
    account());
  document.querySelector(".switches .round").classList.add("for-theme");
}

function account() {
  const {name, role, log_in: canLogIn} = session.session();
  if (name) {
    return h("button", {class: "button quiet", type: "button", onclick: async () => {
      const out = h("button", {class: "button", type: "button", onclick: async () => { out.closest("dialog").close(); await session.logOut(); }}, t("shell.log_out"));
      await show(name, h("p", {}, t(`shell.roles.${role}`)), h("div", {}, out));
    }}, icon("person"), h("span", {class: "who"}, name));
  }
  return canLogIn && role !== "none" && h("button", {class: "button quiet", type: "button", onclick: logIn}, icon("key"), t("shell.log_in"));
}

function logIn() {
  const form = session.logInForm(() => { document.querySelector("dialog[open]")?.close(); router.open(); });
  const dialog = h("dialog", {"aria-labelledby": "log-in-title"}, h("div", {class: "inside"}, h("h2", {id: "log-in-title"}, t("shell.log_in")), form,
    h("button", {class: "button quiet", type: "button", onclick: () => dialog.close()}, t("shell.cancel"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// without any role there is nothing to show but the log-in
function guard() {
  if (session.session().role !== "none") return null;
  document.title = `${t("shell.log_in")} – Mien`;
  return h("section", {class: "log-in"}, h("h1", {tabindex: "-1"}, t("shell.log_in")), h("p", {class: "note"}, t("shell.log_in_why")), session.logInForm(router.open));
}

async function main() {
  await i18n.start();
  words();
  places();
  switches();
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("view").focus();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { switches(); window.dispatchEvent(new Event("themechange")); });
  everywhere([
    ...router.VIEWS.map(([name], at) => ({key: String(at + 1), text: t(`shell.views.${name}`), run: () => router.go(name)})),
    {key: "?", text: t("shell.keys.title"), run: help},
  ]);
  session.onChange(({role}) => {
    switches();
    if (role === "none" && document.querySelector("main h1")) router.open(); // logged out, here or by the server
  });
  watch();
  let opened = false;
  const begin = async () => {
    try {
      await session.start();
    } catch (error) { // where the server is away, the banner says it, and onBack tries again
      if (error instanceof Problem) put(document.getElementById("view"), problem(error));
      return;
    }
    opened = true;
    await router.start(guard);
  };
  onBack(() => (opened ? session.refresh().catch(() => {}) : begin()));
  window.addEventListener("hashchange", () => { // a start link that is pasted into an open page
    if (opened && session.hasCode()) session.start().then(router.open, () => {});
  });
  await begin();
}

main();
