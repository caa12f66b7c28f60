// Thumbnails of many pictures; one stop of the Tab key, then the arrow keys.
//
//   const strip = new Strip((item) => …)   strip.element · strip.show(items, current) · strip.focus()

import {h, icon, put} from "../dom.js";
import {t} from "../i18n.js";
import {colorOf} from "../expressions.js";
import {strongest} from "./faces.js";

export class Strip {
  element = h("div", {class: "strip", role: "group", "aria-label": t("picture.all")});
  #onselect;
  #buttons = new Map();

  constructor(onselect) {
    this.#onselect = onselect;
    this.element.addEventListener("keydown", (event) => this.#move(event));
  }

  show(items, current) {
    this.element.hidden = items.length < 2;
    if (items.length !== this.#buttons.size || !items.every((item) => this.#buttons.has(item))) {
      this.#buttons = new Map(items.map((item) => [item, this.#button(item)]));
      put(this.element, [...this.#buttons.values()]);
    }
    for (const item of items) this.mark(item, item === current);
    this.#buttons.get(current)?.scrollIntoView({block: "nearest", inline: "nearest"});
  }

  #button(item) {
    return h("button", {class: "thumb", type: "button", onclick: () => this.#onselect(item)},
      h("img", {src: item.url, alt: "", loading: "lazy", decoding: "async", onerror: (event) => event.target.replaceWith(icon("picture"))}), h("span", {class: "count"}));
  }

  focus(options) {
    this.element.querySelector("[aria-current]").focus(options);
  }

  mark(item, chosen) {
    const button = this.#buttons.get(item), count = button.querySelector(".count"), faces = item.result?.faces;
    button.tabIndex = chosen ? 0 : -1;
    button.classList.toggle("failed", item.state === "failed");
    button.classList.toggle("working", item.state === "waiting" || item.state === "working");
    if (chosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    const said = faces ? t("picture.faces", {n: faces.length}) : t(item.state === "failed" ? "picture.failed" : "picture.working");
    button.setAttribute("aria-label", `${item.name}: ${said}`);
    button.title = item.name;
    if (faces) put(count, faces.slice(0, 6).map((face) => h("i", {style: {"--color": colorOf(strongest(face)[0])}})), faces.length > 6 && String(faces.length));
    else put(count, item.state === "failed" && icon("alert"));
  }

  #move(event) {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    const items = [...this.#buttons.keys()], now = [...this.#buttons.values()].indexOf(document.activeElement);
    const to = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : now + step;
    if (now < 0 || !items[to]) return;
    event.preventDefault();
    this.#onselect(items[to]);
    this.#buttons.get(items[to]).focus();
  }
}
