// What a person showed over time, on a canvas: the probabilities as stacked areas, gaps where the
// person was not seen, pale where the view was poor; the band below is the expression.
//
//   const line = new Timeline(labels, {hold: 1.5})   a reading counts for at most `hold` seconds
//   line.add(seconds, face)   line.draw(from, to)   line.at(seconds) → reading or null   line.canvas

import {h} from "../dom.js";
import {colorOf} from "../expressions.js";

const BAND = 0.2, GAP = 2; // of the height; pixels

export class Timeline {
  canvas = h("canvas", {class: "timeline-canvas", "aria-hidden": "true"});
  readings = []; // {t, shares, label, usable}, by time
  hold;
  #labels;
  #range = null;

  constructor(labels, {hold}) {
    this.#labels = labels;
    this.hold = hold;
    new ResizeObserver(() => this.#range && this.draw(...this.#range)).observe(this.canvas);
  }

  add(seconds, face) {
    const labels = Object.keys(face.probs);
    if (!this.#labels.length) this.#labels = labels;
    this.readings.push({t: seconds, shares: Float32Array.from(this.#labels, (label) => face.probs[label] || 0), label: face.expression, usable: face.usable !== false});
  }

  forget(before) {
    const at = this.readings.findIndex((reading) => reading.t >= before);
    if (at > 256) this.readings.splice(0, at); // seldom: moving an array costs
  }

  // the last reading that counts at that time
  at(seconds) {
    let low = 0, high = this.readings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.readings[middle].t <= seconds + 1e-3) low = middle + 1;
      else high = middle;
    }
    const reading = this.readings[low - 1];
    return reading && seconds - reading.t <= this.hold ? reading : null;
  }

  draw(from, to) {
    this.#range = [from, to];
    const ratio = devicePixelRatio || 1, width = Math.round(this.canvas.clientWidth * ratio), height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, {width, height});
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const band = Math.round(height * BAND), area = height - band - GAP * ratio, columns = this.#columns(from, to, width);
    for (let x = 0; x < width; x++) {
      const column = columns[x];
      if (!column) continue;
      pen.globalAlpha = column.usable ? 1 : 0.35;
      let y = area;
      this.#labels.forEach((label, at) => {
        const tall = (area * column.shares[at]) / column.weight;
        pen.fillStyle = colorOf(label);
        pen.fillRect(x, y - tall, 1, tall + 0.5);
        y -= tall;
      });
      pen.fillStyle = colorOf(column.label);
      pen.fillRect(x, height - band, 1, band);
    }
    pen.globalAlpha = 1;
  }

  // the mean of what counts in each pixel
  #columns(from, to, width) {
    const columns = new Array(width), scale = width / Math.max(to - from, 1e-6), {readings} = this;
    for (let at = 0; at < readings.length; at++) {
      const reading = readings[at], next = readings[at + 1]?.t ?? Infinity;
      const end = Math.min(next, reading.t + this.hold);
      if (end < from || reading.t > to) continue;
      const first = Math.max(0, Math.floor((reading.t - from) * scale)), last = Math.min(width - 1, Math.ceil((Math.min(end, to) - from) * scale) - 1);
      for (let x = first; x <= Math.max(first, last) && x < width; x++) {
        const column = (columns[x] ??= {shares: new Float32Array(reading.shares.length), weight: 0, usable: false});
        reading.shares.forEach((share, label) => { column.shares[label] += share; });
        column.weight += 1;
        column.label = reading.label;
        column.usable ||= reading.usable;
      }
    }
    return columns;
  }
}
