// Short messages: said to screen readers, and shown in a corner.
//
//   say("3 faces found.")                   for screen readers alone: what is seen anyway
//   notice(t("…"), "good" | "warn" | "alert" | "")   shown for some seconds, and said
//   const done = waiting(text)            shown, and said, until done() is called
//   message(text, kind, iconName)           an element to place in a view
//   problem(error)                          the same of an error, to place where a result would be

import {h, icon, put} from "./dom.js";
import {t} from "./i18n.js";

const SHOWN_MS = 6000;
const ICONS = {good: "check", warn: "alert", alert: "alert", "": "info"};

export function say(text) {
  const place = document.getElementById("say");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50); // the same words twice are read twice
}

export function message(text, kind = "", name = ICONS[kind]) {
  return h("div", {class: `message ${kind}`}, icon(name), h("div", {class: "grow"}, text));
}

export function problem(error) {
  const element = message(error.message, "alert");
  element.setAttribute("role", "alert");
  return element;
}

export function notice(text, kind = "") {
  const element = message(text, kind);
  const close = h("button", {class: "button quiet compact", type: "button", "aria-label": t("shell.close"), onclick: () => element.remove()}, icon("x"));
  element.append(close);
  document.getElementById("notices").append(element);
  say(text);
  if (kind !== "alert") setTimeout(() => element.remove(), SHOWN_MS);
}

export function waiting(text) {
  const element = h("div", {class: "message"}, h("span", {class: "spin", "aria-hidden": "true"}), h("div", {class: "grow"}, text));
  document.getElementById("notices").append(element);
  say(text);
  return () => element.remove();
}

export function clearNotices() {
  put(document.getElementById("notices"));
}
