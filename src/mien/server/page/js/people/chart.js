// One small chart: a measure's days or weeks on the band of what is usual for the person.

import {levels, limits, ticks} from "./scales.js";
import {runs} from "./series.js";
import {diamond, path, svg} from "./svg.js";

const LEFT = 46;
const RIGHT = 8;
const TOP = 12;
const BOTTOM = 22;
const MOST_DOTS = 130;
let number = 0;

/**
 * Draws `points` ({value, usual, low, high, alarm, silent, restart, flag, from}) at a width in pixels.
 * `words`: {label, level(number), date(text)}; `bars`: whether values stand on the ground, as coverage does.
 * Gives {element, mark(at)}: `mark` shows which point is looked at; `null`: none.
 */
export function chart(points, {kind, bars = false, width, height, words}) {
  const [bottom, top] = limits(points, kind);
  const step = (width - LEFT - RIGHT) / Math.max(points.length, 1);
  const x = (at) => LEFT + (at + 0.5) * step;
  const y = (value) => height - BOTTOM - ((Math.min(Math.max(value, bottom), top) - bottom) / (top - bottom)) * (height - TOP - BOTTOM);
  const place = {x, y, step, ground: height - BOTTOM, width, height};
  const cursor = svg("g", {class: "looked-at"});
  const element = svg("svg", {class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words.label},
    ...silence(points, place), ...axes(points, place, levels(bottom, top), words), ...band(points, place),
    ...(bars ? columns(points, place) : line(points, place)), ...restarts(points, place), ...alarms(points, place), cursor);
  return {element, at: (px) => Math.max(0, Math.min(points.length - 1, Math.floor((px - LEFT) / step))), mark};

  function mark(at) {
    cursor.replaceChildren();
    if (at === null || !points[at]) return;
    cursor.append(svg("line", {x1: x(at), x2: x(at), y1: TOP, y2: height - BOTTOM}));
    if (points[at].value !== null) cursor.append(svg("circle", {cx: x(at), cy: y(points[at].value), r: 5}));
  }
}

/** Hatched where there is no statement. */
function silence(points, {x, step, ground}) {
  number += 1;
  const id = `silent-${number}`;
  const hatch = svg("pattern", {id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
    svg("line", {class: "hatch", x1: 0, x2: 0, y1: 0, y2: 5}));
  const found = runs(points.map((point) => point.silent)).map(([first, last]) =>
    svg("rect", {class: "silent", x: x(first) - step / 2, y: TOP, width: (last - first + 1) * step, height: ground - TOP, fill: `url(#${id})`}));
  return found.length ? [svg("defs", {}, hatch), ...found] : [];
}

function axes(points, {x, y, ground, width}, values, words) {
  const found = values.flatMap((value) => [
    svg("line", {class: "level", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value)}),
    svg("text", {class: "tick", x: LEFT - 6, y: y(value) + 4, "text-anchor": "end"}, words.level(value)),
  ]);
  const places = ticks(points, width - LEFT);
  return [...found, ...places.map((at, order) => svg("text", {
    class: "tick", ...(order === places.length - 1 && points.length > 1 ? {x: width - RIGHT, "text-anchor": "end"} : {x: x(at), "text-anchor": "middle"}), y: ground + 16,
  }, words.date(points[at])))];
}

/** The band and the line of what is usual, cut where nothing is usual and where a baseline begins anew. */
function band(points, {x, y, step}) {
  const known = points.map((point) => point.usual !== null);
  return runs(known).flatMap(([first, last]) => pieces(points, first, last)).flatMap(([first, last]) => {
    const ends = (name) => {
      const places = [];
      for (let at = first; at <= last; at += 1) places.push([x(at), y(points[at][name])]);
      return [[x(first) - step / 2, places[0][1]], ...places, [x(last) + step / 2, places.at(-1)[1]]];
    };
    return [
      svg("path", {class: "band", d: `${path([...ends("high"), ...ends("low").reverse()])}Z`}),
      svg("path", {class: "usual", d: path(ends("usual"))}),
    ];
  });
}

function pieces(points, first, last) {
  const found = [[first, last]];
  for (let at = first + 1; at <= last; at += 1) {
    if (!points[at].restart) continue;
    found.at(-1)[1] = at - 1;
    found.push([at, last]);
  }
  return found;
}

function line(points, {x, y}) {
  const known = points.map((point) => point.value !== null);
  const lines = runs(known).flatMap(([first, last]) => pieces(points, first, last)).filter(([first, last]) => last > first)
    .map(([first, last]) => svg("path", {class: "values", d: path(points.slice(first, last + 1).map((point, at) => [x(first + at), y(point.value)]))}));
  const alone = (at) => known[at] && !known[at - 1] && !known[at + 1];
  const dots = points.flatMap((point, at) => (known[at] && !point.alarm && (points.length <= MOST_DOTS || alone(at))
    ? [svg("circle", {class: "dot", cx: x(at), cy: y(point.value), r: points.length > 70 ? 1.8 : 2.4})] : []));
  return [...lines, ...dots];
}

function columns(points, {x, y, step, ground}) {
  const thick = Math.max(1, step * 0.68);
  return points.flatMap((point, at) => (point.value === null ? [] : [svg("rect", {
    class: "column", x: x(at) - thick / 2, width: thick, y: Math.min(y(point.value), ground - 1), height: Math.max(1, ground - y(point.value)),
  })]));
}

function restarts(points, {x, step, ground}) {
  return points.flatMap((point, at) => (point.restart
    ? [svg("line", {class: "restart", x1: x(at) - step / 2, x2: x(at) - step / 2, y1: TOP, y2: ground})] : []));
}

/** A diamond on each day with a change; a flag above the day whose alert opened. */
function alarms(points, {x, y}) {
  return points.flatMap((point, at) => [
    ...(point.alarm && point.value !== null ? [svg("path", {class: "alarm", d: diamond(x(at), y(point.value), points.length > 70 ? 4 : 5)})] : []),
    ...(point.flag ? [svg("path", {class: "flag", d: `${path([[x(at) - 5, 1], [x(at) + 5, 1], [x(at), 10]])}Z`})] : []),
  ]);
}
