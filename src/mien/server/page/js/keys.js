// Keys of the page and of the view that is open, and the dialog that lists them.
//
//   const off = keys([{key: "p", text: t("live.pause"), run}, {key: "ArrowLeft", label: "←", …}])
//   everywhere(list)   for keys that hold in every view
//   help()             opens the list
//
// Keys are left alone while somebody types, in dialogs, and with Ctrl, Alt or Command. They can be
// switched off in the list: people who dictate would press them by accident (WCAG 2.1.4).

import {h} from "./dom.js";
import {show} from "./dialogs.js";
import {t} from "./i18n.js";

const SETTING = "mien.keys";
const common = [];
let ofView = [];

export function everywhere(list) {
  common.push(...list);
}

export function keys(list) {
  ofView.push(...list);
  return () => { ofView = ofView.filter((entry) => !list.includes(entry)); };
}

const stored = () => { try { return localStorage.getItem(SETTING) !== "off"; } catch { return true; } };
let on = stored();

const types = (element) => element.closest?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable], dialog");
const uses = (element, key) => (key === " " || key === "Enter") && element.closest?.("button, a, summary, video, [role=slider]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || types(event.target) || uses(event.target, event.key)) return;
  if (!on && event.key !== "?") return;
  if (document.querySelector("dialog[open]")) return;
  const entry = [...ofView, ...common].find(({key}) => key === event.key || key === event.key.toLowerCase());
  if (!entry || (event.repeat && !entry.repeats)) return;
  event.preventDefault();
  entry.run(event);
});

function rows(list) {
  return h("dl", {class: "keys"}, list.filter(({text}) => text).map(({key, label, text}) =>
    [h("dt", {}, h("kbd", {}, label || (key === " " ? t("shell.space") : key.toUpperCase()))), h("dd", {}, text)]));
}

export function help() {
  const box = h("input", {type: "checkbox", checked: on, onchange: () => {
    on = box.checked;
    try { localStorage.setItem(SETTING, on ? "on" : "off"); } catch { /* for this visit only */ }
  }});
  return show(t("shell.keys.title"),
    ofView.length ? [h("h3", {}, t("shell.keys.here")), rows(ofView)] : null,
    h("h3", {}, t("shell.keys.everywhere")), rows(common),
    h("p", {class: "note small"}, t("shell.keys.tab")),
    h("label", {class: "check"}, box, t("shell.keys.on")));
}
