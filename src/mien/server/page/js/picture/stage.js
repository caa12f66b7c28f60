// One picture, large, with a button on every face.
//
//   const stage = new Stage((face) => …)   stage.element · stage.show(item) · stage.select(number)

import {blob} from "../api.js";
import {h, icon, put} from "../dom.js";
import {colorOf, inkOn} from "../expressions.js";
import {expression, t} from "../i18n.js";
import {describe, strongest} from "./faces.js";

export class Stage {
  element = h("figure", {class: "stage"});
  #onselect;

  constructor(onselect) {
    this.#onselect = onselect;
  }

  show(item) {
    if (item.state === "failed") return put(this.element, h("div", {class: "empty"}, icon("alert"), h("p", {}, item.name)));
    const image = h("img", {src: item.url, alt: this.#alt(item)});
    const boxes = h("div", {class: "boxes"}, (item.result?.faces || []).map((face) => this.#box(face, item.result)));
    const sheet = h("div", {class: `sheet${item.state === "working" || item.state === "waiting" ? " working" : ""}`}, image, boxes);
    image.addEventListener("error", () => this.#drawn(item, image, boxes));
    return put(this.element, sheet);
  }

  #alt(item) {
    const faces = item.result ? t("picture.faces", {n: item.result.faces.length}) : t("picture.working");
    return `${item.name}: ${faces}`;
  }

  // formats that the server reads and the browser does not: the server's own drawing instead
  async #drawn(item, image, boxes) {
    if (item.drawn || !item.result) return;
    item.drawn = true;
    try {
      item.url = URL.createObjectURL(await annotated(item));
      boxes.remove();
      image.src = item.url;
    } catch { /* the cards say it all */ }
  }

  #box(face, {width, height, faces}) {
    const [x1, y1, x2, y2] = face.box, [label] = strongest(face), color = colorOf(label);
    const many = faces.length > 1; // a number tells faces apart
    const part = (value, whole) => `${(100 * value) / whole}%`;
    return h("button", {
      class: "box", type: "button", "aria-label": describe(face), "aria-pressed": "false", dataset: {face: face.face}, onclick: () => this.#onselect(face.face),
      style: {left: part(x1, width), top: part(y1, height), width: part(x2 - x1, width), height: part(y2 - y1, height), "--color": color, "--on-color": inkOn(color)},
    }, h("span", {class: "tag"}, many && h("b", {}, String(face.face)), h("span", {class: "word"}, expression(label))));
  }

  select(number) {
    for (const box of this.element.querySelectorAll(".box")) box.setAttribute("aria-pressed", String(Number(box.dataset.face) === number));
  }
}

export function annotated(item) {
  const body = new FormData();
  body.append("pictures", item.file, item.name);
  return blob("/v1/analyze?draw=1", {method: "POST", body, tries: 5});
}
