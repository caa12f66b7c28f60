// What is said of a face, in the same words on the picture, on its card and to a screen reader.
//
//   strongest(face) → [label, probability]   doubts(face) → [[text, why, kind], …]
//   describe(face)  → "Face 0: happiness, 96%"

import {expression, number, percent, t} from "../i18n.js";
import {ranked} from "../expressions.js";

const UNSURE = 0.5; // below it, something else is more probable than what is said

export function strongest(face) {
  const known = face.probs[face.expression];
  return known === undefined ? [face.expression, ranked(face.probs)[0][1]] : [face.expression, known];
}

export function doubts(face) {
  const said = [], [label, share] = strongest(face), [first, second] = ranked(face.probs);
  if (label === "uncertain") said.push([t("picture.uncertain"), t("picture.uncertain_why", {label: expression(first[0])}), "warn"]);
  else if (share < UNSURE && second) said.push([t("picture.unsure"), t("picture.unsure_why", {label: expression(second[0])}), "warn"]);
  if (face.small) said.push([t("picture.small"), t("picture.small_why"), "warn"]);
  if (face.usable === false) said.push([t("picture.poor"), t("picture.poor_why"), "warn"]);
  return said;
}

export function describe(face) {
  const [label, share] = strongest(face);
  return [t("picture.face", {number: face.face}), ": ", expression(label), label === "uncertain" ? "" : `, ${percent(share)}`,
    ...doubts(face).map(([text]) => (label === "uncertain" && text === t("picture.uncertain") ? "" : `, ${text}`))].join("");
}

export function affect(face) {
  return ["valence", "arousal"].filter((name) => typeof face[name] === "number")
    .map((name) => `${t(`picture.${name}`)} ${number(face[name], {signDisplay: "exceptZero", minimumFractionDigits: 2})}`).join(" · ");
}
