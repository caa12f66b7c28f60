// A card for each face: its number, the expression, bars in words and per cent, what is unsure.
//
//   const cards = new Cards((face) => …)   cards.element · cards.show(item) · cards.select(number, focus) · cards.reveal(number)

import {h, put} from "../dom.js";
import {bars, colorOf, inkOn} from "../expressions.js";
import {expression, percent, t} from "../i18n.js";
import {message} from "../notices.js";
import {affect, describe, doubts, strongest} from "./faces.js";

export class Cards {
  element = h("div", {class: "cards stack tight"});
  #onselect;

  constructor(onselect) {
    this.#onselect = onselect;
  }

  show(item) {
    if (item.state === "failed") {
      const reason = message([h("b", {}, t("picture.not_read", {name: item.name})), item.unread && h("p", {}, t("picture.not_read_help")), h("p", item.unread ? {class: "small", lang: "en"} : {}, item.reason)], "alert");
      return put(this.element, reason);
    }
    if (!item.result) return put(this.element, h("p", {class: "note", role: "status"}, t("picture.working")), h("progress", {"aria-label": t("picture.working")}));
    const {faces} = item.result;
    if (!faces.length) return put(this.element, message([h("b", {}, t("picture.no_face")), t("picture.no_face_help")]));
    return put(this.element, h("ul", {class: "stack tight"}, faces.map((face) => this.#card(face, faces.length > 1))));
  }

  #card(face, many) {
    const [label, share] = strongest(face), color = colorOf(label), said = doubts(face), feelings = affect(face);
    const head = h("button", {class: "face-head", type: "button", "aria-label": describe(face), "aria-pressed": "false"},
      many && h("span", {class: "number", style: {"--color": color, "--on-color": inkOn(color)}}, String(face.face)),
      h("span", {class: "grow expression"}, expression(label)), label !== "uncertain" && h("span", {class: "share numbers"}, percent(share)));
    return h("li", {class: "card face", dataset: {face: face.face}, onclick: () => this.#onselect(face.face)}, head,
      said.length > 0 && h("ul", {class: "doubts"}, said.map(([text, why, kind]) => h("li", {}, h("span", {class: `chip ${kind}`}, text), " ", h("span", {class: "note small"}, why)))),
      bars(face.probs), feelings && h("p", {class: "note small numbers"}, feelings));
  }

  select(number, focus = false) {
    for (const card of this.element.querySelectorAll(".face")) {
      const chosen = Number(card.dataset.face) === number;
      card.classList.toggle("chosen", chosen);
      const head = card.querySelector(".face-head");
      head.setAttribute("aria-pressed", String(chosen));
      if (chosen && focus) head.focus({preventScroll: true});
    }
  }

  reveal(number) {
    this.element.querySelector(`.face[data-face="${number}"]`)?.scrollIntoView({block: "nearest"});
  }
}
