// Round levels of a vertical axis, and the dates that are written under a chart.

import {between, dateOf} from "./series.js";

const STEPS = [0.02, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1];

/** Lower and upper end for a measure's points: from 0, but for what can be negative. */
export function limits(points, kind) {
  const known = points.flatMap(({value, low, high}) => [value, low, high]).filter((one) => one !== null);
  if (!known.length) return [0, 1];
  const bottom = Math.min(0, ...known);
  const least = kind === "share" ? 0.02 : 0.001;
  const top = bottom + 1.08 * Math.max(Math.max(...known) - bottom, least);
  return [bottom, kind === "share" ? Math.min(top, 1) : top];
}

/** Three to five round numbers between both ends. */
export function levels(bottom, top) {
  const size = 10 ** Math.ceil(Math.log10(top - bottom));
  const step = STEPS.map((part) => part * size).find((one) => (top - bottom) / one < 5) ?? size;
  const found = [];
  for (let at = Math.ceil(bottom / step - 1e-9); at * step <= top + step * 1e-9; at += 1) found.push(at * step + 0); // never -0
  return found;
}

/** Places of points that are labelled: the last one, and others at even distances before it. */
export function ticks(points, width, apart = 72) {
  const step = Math.max(1, Math.ceil((points.length * apart) / width));
  const found = [];
  for (let at = points.length - 1; at >= 0; at -= step) found.unshift(at);
  return found;
}

/** Whether a label needs the year: where the points lie in two, or in another than this one. */
export function needsYear(points) {
  if (!points.length) return false;
  const years = new Set([points[0].from, points.at(-1).to].map((text) => dateOf(text).getUTCFullYear()));
  return years.size > 1 && between(points[0].from, points.at(-1).to) > 300;
}
