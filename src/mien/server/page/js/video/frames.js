// The results of a video in the order of time, and what is seen between two of them.
//
//   const frames = new Frames()   frames.add(result)   frames.at(seconds) → {faces, width}
//   frames.end → seconds of the last one

const HOLD = 2.5, LEAST_S = 0.15; // a result counts for so many steps, and at least so long

export class Frames {
  #results = [];

  add(result) {
    this.#results.push(result);
  }

  get end() {
    return this.#results.at(-1)?.time_s ?? 0;
  }

  get step() {
    return this.#results.length > 1 ? (this.end - this.#results[0].time_s) / (this.#results.length - 1) : 0;
  }

  at(seconds) {
    let low = 0, high = this.#results.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#results[middle].time_s <= seconds + 1e-3) low = middle + 1;
      else high = middle;
    }
    const now = this.#results[low - 1], next = this.#results[low];
    if (!now || seconds - now.time_s > Math.max(LEAST_S, HOLD * this.step)) return {faces: [], width: now?.width ?? 1};
    return {faces: next ? now.faces.map((face) => between(face, now, next, seconds)) : now.faces, width: now.width};
  }
}

function between(face, now, next, seconds) {
  const later = next.faces.find((other) => other.track_id !== undefined && other.track_id === face.track_id);
  if (!later) return face;
  const part = Math.min(1, Math.max(0, (seconds - now.time_s) / Math.max(next.time_s - now.time_s, 1e-6)));
  return {...face, box: face.box.map((value, side) => value + part * (later.box[side] - value))};
}
