// A card for each person before the camera: the expression now, and the last minute.
//
//   const people = new People(labels)   people.element · people.add(result, seconds) · people.draw(seconds, pace)   pace: seconds from one result to the next

import {h, put} from "../dom.js";
import {colorOf, inkOn} from "../expressions.js";
import {expression, percent, t} from "../i18n.js";
import {say} from "../notices.js";
import {doubts, strongest} from "../picture/faces.js";
import {Timeline} from "../shared/timeline.js";

export const SHOWN_S = 60;
const HOLD_S = 1.5, PACES = 2.5, SILENT_S = 4, MOST = 8, SAY_S = 5; // at most: cards; and a screen reader hears every SAY_S

export class People {
  element = h("ul", {class: "people-now stack tight"});
  #labels;
  #people = new Map();
  #last = 0; // of the newest result
  #said = {text: "", at: 0};

  constructor(labels) {
    this.#labels = labels;
  }

  add(result, seconds) {
    this.#last = seconds;
    result.faces.forEach((face, at) => {
      const id = face.track_id ?? at + 1;
      const person = this.#people.get(id) || this.#enter(id);
      if (!person) return;
      person.line.add(seconds, face);
      Object.assign(person, {face, seen: seconds});
    });
    this.#say(result.faces, seconds);
  }

  #enter(id) {
    if (this.#people.size >= MOST) return null;
    const line = new Timeline(this.#labels, {hold: HOLD_S});
    const number = h("span", {class: "number"}), word = h("span", {class: "grow expression"}), share = h("span", {class: "share numbers"}), notes = h("p", {class: "note small"});
    const card = h("li", {class: "card person-now"}, h("div", {class: "row"}, number, word, share), line.canvas, notes);
    const person = {line, number, word, share, notes, card};
    number.textContent = id;
    number.setAttribute("aria-label", t("live.person", {number: String(id)}));
    this.#people.set(id, person);
    this.element.append(card);
    return person;
  }

  draw(seconds, pace) {
    const hold = Math.max(HOLD_S, PACES * pace);
    for (const [id, person] of this.#people) {
      if (seconds - person.seen > SHOWN_S) {
        person.card.remove();
        this.#people.delete(id);
        continue;
      }
      const gone = this.#last - person.seen > HOLD_S || seconds - this.#last > Math.max(SILENT_S, hold), [label, share] = strongest(person.face), color = colorOf(label);
      person.card.classList.toggle("gone", gone);
      person.number.style.setProperty("--color", color);
      person.number.style.setProperty("--on-color", inkOn(color));
      person.word.textContent = gone ? t("live.gone") : expression(label);
      person.share.textContent = gone || label === "uncertain" ? "" : percent(share);
      put(person.notes, gone ? "" : doubts(person.face).map(([text]) => text).join(" · "));
      person.line.hold = hold;
      person.line.draw(seconds - SHOWN_S, seconds);
      person.line.forget(seconds - SHOWN_S - hold);
    }
  }

  get empty() {
    return this.#people.size === 0;
  }

  clear() {
    this.#people.clear();
    put(this.element);
  }

  #say(faces, seconds) {
    const text = faces.length ? faces.slice(0, 4).map((face, at) => `${t("live.person", {number: String(face.track_id ?? at + 1)})}: ${expression(face.expression)}`).join(". ") : t("picture.no_face");
    if (text === this.#said.text || seconds - this.#said.at < SAY_S) return;
    this.#said = {text, at: seconds};
    say(text);
  }
}
