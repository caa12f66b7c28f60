// Draws boxes of faces on a canvas that lies over a picture in motion.
//
//   const tracks = new Tracks()    tracks.set(result)   tracks.shown(milliseconds) → faces, moving
//   drawFaces(pen, faces, {scale, mirrored, width})     width: of the canvas, in its pixels

import {colorOf, inkOn} from "../expressions.js";
import {expression, percent} from "../i18n.js";
import {strongest} from "../picture/faces.js";

const ROOM = 1.5; // of a face's width, for the per cent too
const EASE_MS = 70, FADE_MS = 300, SILENT_MS = 4000; // boxes follow, fade when a face is gone, or when no result comes

export class Tracks {
  #tracks = new Map();

  set(result, now = performance.now()) {
    for (const track of this.#tracks.values()) track.gone ??= now;
    result.faces.forEach((face, at) => {
      const id = face.track_id ?? `#${at}`, known = this.#tracks.get(id);
      this.#tracks.set(id, {face, seen: now, gone: null, box: known ? known.box : [...face.box], at: known?.at ?? now});
    });
  }

  clear() {
    this.#tracks.clear();
  }

  shown(now = performance.now()) {
    const faces = [];
    for (const [id, track] of this.#tracks) {
      const fading = Math.max(track.gone === null ? 0 : now - track.gone, now - track.seen - SILENT_MS) / FADE_MS;
      if (fading > 1) {
        this.#tracks.delete(id);
        continue;
      }
      const part = 1 - Math.exp(-(now - track.at) / EASE_MS);
      track.box = track.box.map((value, side) => value + part * (track.face.box[side] - value));
      track.at = now;
      faces.push({...track.face, box: track.box, alpha: 1 - Math.max(0, fading)});
    }
    return faces;
  }
}

export function drawFaces(pen, faces, {scale = 1, mirrored = false, width}) {
  const letter = Math.max(13, Math.min(22, width / 45)) * (pen.canvas.dataset.ratio || 1), line = letter / 5;
  pen.font = `600 ${letter}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  for (const face of faces) {
    const [label, share] = strongest(face), color = colorOf(label);
    let [x1, y1, x2, y2] = face.box.map((value) => value * scale);
    if (mirrored) [x1, x2] = [width - x2, width - x1];
    pen.globalAlpha = (face.alpha ?? 1) * (face.usable === false ? 0.75 : 1);
    pen.setLineDash(face.usable === false ? [3 * line, 2 * line] : []);
    for (const [style, thick] of [["rgb(0 0 0 / .6)", 2 * line], [color, line]]) {
      Object.assign(pen, {strokeStyle: style, lineWidth: thick});
      pen.beginPath();
      pen.roundRect(x1, y1, x2 - x1, y2 - y1, 2 * line);
      pen.stroke();
    }
    pen.setLineDash([]);
    const number = face.track_id === undefined ? "" : `${face.track_id} `;
    const word = `${number}${expression(label)}`, whole = label === "uncertain" ? word : `${word} ${percent(share)}`;
    const text = pen.measureText(whole).width < ROOM * (x2 - x1) ? whole : word;
    const wide = pen.measureText(text).width + letter, tall = 1.6 * letter;
    const left = Math.max(0, Math.min(x1, width - wide)), top = y1 - tall - line > 0 ? y1 - tall - line : Math.min(y2 + line, pen.canvas.height - tall);
    pen.fillStyle = color;
    pen.beginPath();
    pen.roundRect(left, top, wide, tall, 2 * line);
    pen.fill();
    pen.fillStyle = inkOn(color);
    pen.fillText(text, left + letter / 2, top + tall / 2 + letter / 20);
  }
  pen.globalAlpha = 1;
}
