// Which view is open: #/picture, #/people/anna, … A view is a module in js/views:
//
//   export const title = "people.title";          a key of lang/*.json
//   export const styles = ["people"];             css/people.css, optional
//   export async function mount(root, app) { …; return unmount; }   unmount is optional
//
// app = {args: ["anna"], go("people", "anna"), heading(text)} where args are the rest of the address
// and heading makes the view's <h1>. A view is imported when it is opened first. Log-in, words, keys
// and requests are imported by a view itself, from ../session.js, ../i18n.js, ../keys.js, ../api.js.

import {h, put} from "./dom.js";
import {t} from "./i18n.js";
import {problem} from "./notices.js";

export const VIEWS = [["picture", "picture"], ["live", "camera"], ["video", "film"], ["people", "people"], ["models", "chip"]];
const NAMES = VIEWS.map(([name]) => name);
const HREF = (name, args) => `#/${[name, ...args].map(encodeURIComponent).join("/")}`;

let guard = () => null, unmount = null, turn = 0, first = true;

export function go(name, ...args) {
  if (location.hash === HREF(name, args)) open();
  else location.hash = HREF(name, args);
}

export function place() {
  const [name, ...args] = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  return NAMES.includes(name) ? {name, args} : {name: NAMES[0], args: []};
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

// check() → an element to show instead of any view (the log-in), or null
export function start(check) {
  guard = check;
  window.addEventListener("hashchange", open);
  return open();
}

export async function open() {
  const mine = ++turn, {name, args} = place();
  const root = h("main", {id: "view", class: `view ${name}`, tabindex: "-1", dataset: {loading: t("shell.loading")}}); // shown as long as it is empty
  await unmount?.();
  unmount = null;
  for (const link of document.querySelectorAll(".places a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("view").replaceWith(root);
  const instead = guard();
  if (instead) return put(root, instead);
  try {
    const view = await import(`./views/${name}.js`);
    await Promise.all((view.styles || []).map(style));
    if (mine !== turn) return;
    document.title = `${t(view.title)} – Mien`;
    const app = {args, go, heading: (text) => h("h1", {tabindex: "-1"}, text ?? t(view.title))};
    const done = await view.mount(root, app);
    if (mine !== turn) return done?.();
    unmount = done;
  } catch (error) {
    if (mine !== turn) return;
    console.warn(error);
    put(root, h("h1", {tabindex: "-1"}, t("shell.not_shown")), problem(error),
      h("div", {}, h("button", {class: "button", type: "button", onclick: open}, t("shell.again"))));
  }
  if (!first) (root.querySelector("h1") || root).focus({preventScroll: true});
  if (!first) window.scrollTo(0, 0);
  first = false;
}

function style(name) {
  const href = `css/${name}.css`;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((done, fail) => {
    document.head.append(h("link", {rel: "stylesheet", href, onload: done, onerror: () => fail(new Error(href))}));
  });
}
