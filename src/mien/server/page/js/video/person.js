// One person of a video: a timeline that is a slider, what was shown how long, and the segments.
//
//   const person = new PersonRow(track, labels, (seconds) => jump)   person.element
//   person.add(seconds, face) · person.draw(begin, end) · person.cursor(seconds) · person.facts(of the server)

import {h, put} from "../dom.js";
import {ranked, swatch} from "../expressions.js";
import {clock, expression, percent, t} from "../i18n.js";
import {Timeline} from "../shared/timeline.js";

const HOLD_S = 0.5, MANY = 12, SHARE = 0.005;

export class PersonRow {
  #jump;
  #range = [0, 1];
  #now = 0;
  #parts = [];

  constructor(track, labels, jump) {
    this.track = track;
    this.#jump = jump;
    this.line = new Timeline(labels, {hold: HOLD_S});
    const name = t("live.person", {number: String(track)});
    this.head = h("span", {class: "head"});
    this.slider = h("div", {class: "slider", role: "slider", tabindex: "0", "aria-label": t("video.slider", {name})}, this.line.canvas, this.head);
    this.now = h("p", {class: "now note numbers"});
    this.summary = h("ul", {class: "legend"});
    this.segments = h("div", {});
    this.element = h("section", {class: "card person stack tight", "aria-label": name}, h("div", {class: "row apart"}, h("h2", {}, name), this.now), this.slider, this.summary, this.segments);
    this.#listen();
  }

  add(seconds, face) {
    this.line.add(seconds, face);
  }

  draw(begin, end, step) {
    this.#range = [begin, end];
    this.line.hold = Math.max(HOLD_S, 2.5 * step);
    this.line.draw(begin, end);
    this.slider.setAttribute("aria-valuemin", begin.toFixed(3));
    this.slider.setAttribute("aria-valuemax", end.toFixed(3));
    this.cursor(this.#now);
  }

  cursor(seconds) {
    const [begin, end] = this.#range, reading = this.line.at(seconds);
    this.#now = Math.min(Math.max(seconds, begin), end);
    const text = `${clock(this.#now)} ${reading ? expression(reading.label) : t("video.not_seen")}`;
    this.head.style.left = `${(100 * (this.#now - begin)) / Math.max(end - begin, 1e-6)}%`;
    this.now.textContent = text;
    this.slider.setAttribute("aria-valuenow", this.#now.toFixed(3));
    this.slider.setAttribute("aria-valuetext", text);
    for (const {row, start, stop} of this.#parts) row.classList.toggle("current", start <= seconds + 1e-3 && seconds + 1e-3 < stop);
  }

  #listen() {
    const {slider} = this;
    const place = (event) => {
      const box = slider.getBoundingClientRect(), [begin, end] = this.#range;
      this.#jump(begin + (end - begin) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    };
    slider.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      slider.setPointerCapture(event.pointerId);
      place(event);
    });
    slider.addEventListener("pointermove", (event) => { if (slider.hasPointerCapture(event.pointerId)) place(event); });
    slider.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const [begin, end] = this.#range, step = (end - begin) / 100;
      const to = {ArrowRight: this.#now + step, ArrowUp: this.#now + step, ArrowLeft: this.#now - step, ArrowDown: this.#now - step,
        PageUp: this.#now + 10 * step, PageDown: this.#now - 10 * step, Home: begin, End: end}[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.#jump(Math.min(Math.max(to, begin), end));
    });
  }

  facts({shares, segments, seen_s: seen, usable_s: usable, left_out: hidden = 0}) {
    put(this.summary, ranked(shares).filter(([, share]) => share >= SHARE).map(([label, share]) => h("li", {}, swatch(label), `${expression(label)} ${percent(share)}`)),
      h("li", {}, t("video.seen", {time: clock(seen)}), usable < seen - 0.05 && ` · ${t("video.usable", {time: clock(usable)})}`));
    this.#parts = segments.map((part) => {
      const jump = h("button", {class: "link", type: "button", onclick: () => this.#jump(part.start_s)}, clock(part.start_s));
      const row = h("tr", {}, h("th", {scope: "row"}, swatch(part.expression), expression(part.expression)), h("td", {}, jump), h("td", {}, clock(part.end_s)),
        h("td", {}, part.prob === undefined || part.prob === null ? "" : percent(part.prob)));
      return {row, start: part.start_s, stop: part.end_s};
    });
    if (!segments.length) return;
    const head = ["expression", "from", "to", "probability"].map((name) => h("th", {scope: "col"}, t(`video.${name}`)));
    put(this.segments, h("details", {open: segments.length <= MANY}, h("summary", {}, t("video.segments", {n: segments.length}), hidden > 0 && ` ${t("video.left_out", {n: hidden})}`),
      h("div", {class: "scroll"}, h("table", {class: "segments"}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, this.#parts.map(({row}) => row))))));
  }
}
