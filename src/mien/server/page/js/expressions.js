// The colours of expressions, from css/tokens.css, and how probabilities are shown.
//
//   colorOf("happiness") → "#F0E442"; unknown labels reuse the eight colours, as drawings do
//   inkOn("#F0E442")     → black or white, whichever reads better on it
//   ranked(probs)        → [[label, probability], …] most probable first
//   legend(labels)       a list of colours with their words; swatch(label)
//   bars(probs)          → a list of bars with words and per cent (a screen reader reads the words)

import {h} from "./dom.js";
import {expression, percent, t} from "./i18n.js";

export const LABELS = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"];
const colors = new Map();

export function colorOf(label) {
  if (!colors.size) {
    const style = getComputedStyle(document.documentElement);
    for (const name of [...LABELS, "uncertain"]) colors.set(name, style.getPropertyValue(`--${name}`).trim());
  }
  const bytes = new TextEncoder().encode(label).reduce((sum, byte) => sum + byte, 0);
  return colors.get(label) ?? colors.get(LABELS[bytes % LABELS.length]);
}

export function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#101010" : "#ffffff";
}

export const ranked = (probs) => Object.entries(probs).sort((a, b) => b[1] - a[1]);

export function bars(probs) {
  return h("ul", {class: "bars"}, ranked(probs).map(([label, share], rank) => {
    const first = rank ? "" : " first";
    return h("li", {}, h("span", {class: `name${first}`}, expression(label)),
      h("span", {class: "track", "aria-hidden": "true"}, h("span", {style: {"--share": share, "--color": colorOf(label)}})),
      h("span", {class: `value${first}`}, percent(share)));
  }));
}

// what the colours of a timeline stand for
export const legend = (labels) => h("ul", {class: "legend", "aria-label": t("video.colours")}, labels.map((label) => h("li", {}, swatch(label), expression(label))));

export const swatch = (label) => h("span", {class: "swatch", "aria-hidden": "true", style: {"--color": colorOf(label)}});
