// Questions and forms over the page; Escape and the button "Cancel" answer null.
//
//   await ask({title, text, confirm: t("…"), danger: true})          → true or null
//   await ask({…, word: "anna"})   the button works once the word is typed
//   await form({title, text, confirm, fields: [{name, label, type, value, required, help, options}]})
//                                  → {name: value, …} or null; options: [[value, text], …]
//   show(title, ...children)       a dialog with a button "Close"

import {h} from "./dom.js";
import {t} from "./i18n.js";

let counter = 0;

function open(title, content, answers, onsubmit) {
  const id = `dialog-${++counter}`;
  const before = document.activeElement;
  return new Promise((done) => {
    const inside = h("form", {method: "dialog", novalidate: false}, h("h2", {id}, title), content, h("div", {class: "answers"}, answers));
    const dialog = h("dialog", {"aria-labelledby": id}, inside);
    let value = null;
    inside.addEventListener("submit", (event) => {
      event.preventDefault();
      value = onsubmit(inside);
      dialog.close();
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      done(value);
    });
    inside.querySelectorAll("[data-cancel]").forEach((button) => button.addEventListener("click", () => dialog.close()));
    document.body.append(dialog);
    dialog.showModal();
  });
}

const cancel = () => h("button", {class: "button", type: "button", dataset: {cancel: ""}}, t("shell.cancel"));
const confirmButton = (text, danger) => h("button", {class: `button ${danger ? "danger" : "primary"}`, type: "submit"}, text);

export function ask({title, text = "", confirm, danger = false, word = null}) {
  const button = confirmButton(confirm, danger);
  const content = [text && h("p", {}, text)];
  if (word !== null) {
    const input = h("input", {class: "input", id: "ask-word", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      oninput: () => { button.disabled = input.value.trim() !== word; }});
    button.disabled = true;
    content.push(h("div", {class: "field"}, h("label", {for: "ask-word"}, t("shell.type_word", {word})), input));
  }
  return open(title, content, [cancel(), button], () => true);
}

export function form({title, text = "", confirm, danger = false, fields}) {
  const content = [text && h("p", {class: "note"}, text), fields.map(field)];
  return open(title, content, [cancel(), confirmButton(confirm, danger)], (inside) => {
    const typed = new FormData(inside);
    return Object.fromEntries(fields.map(({name, type}) => [name, type === "checkbox" ? typed.has(name) : (typed.get(name) ?? "").trim()]));
  });
}

function field({name, label, type = "text", value = "", required = false, help = "", options = null}) {
  const id = `field-${name}`, about = help ? `${id}-help` : null;
  const shared = {id, name, required, "aria-describedby": about};
  if (type === "checkbox") return h("div", {class: "field"}, h("label", {class: "check"}, h("input", {...shared, type, checked: Boolean(value)}), label), help && h("span", {class: "note small", id: about}, help));
  const input = options
    ? h("select", {...shared, class: "input"}, options.map(([key, shown]) => h("option", {value: key, selected: key === value}, shown)))
    : h(type === "textarea" ? "textarea" : "input", {...shared, class: "input", type: type === "textarea" ? null : type, value, autocomplete: "off"});
  return h("div", {class: "field"}, h("label", {for: id}, label), input, help && h("span", {class: "note small", id: about}, help));
}

export function show(title, ...children) {
  const close = h("button", {class: "button primary", type: "submit"}, t("shell.close"));
  return open(title, children, [close], () => true);
}
