// The card of a classifier or a detector: what it was made of, for what, with which licence.

import {h, icon} from "../dom.js";
import {swatch} from "../expressions.js";
import {bytes, expression, number, t} from "../i18n.js";
import {message} from "../notices.js";
import {scores} from "./figures.js";
import {asText} from "./values.js";

// What the card says in its own place; the rest is under "All details".
const SHOWN = ["name", "labels", "card", "scores", "summary", "licence", "sha256", "weights_sha256", "trained_on", "bytes", "input", "landmarks", "source"];
const SHOWN_OF_CARD = ["description", "intended_use", "limits"];

export function modelCard(kind, model) {
  const id = `${kind}-title`;
  const top = h("div", {class: "row apart"}, h("h2", {id}, t(`models.${kind}`)), h("span", {class: "chip accent"}, model?.name ?? "–"));
  if (!model?.name) return h("section", {class: "card stack", "aria-labelledby": id}, top, h("p", {class: "note"}, t("models.nothing")));
  const card = model.card ?? {};
  return h("section", {class: "card stack", "aria-labelledby": id}, top, h("p", {}, card.description ?? model.summary ?? ""),
    model.labels && labels(model.labels), facts(model), card.intended_use && part("intended_use", card.intended_use),
    card.limits && message([h("b", {}, t("models.limits")), card.limits], "warn"), scores(model.scores ?? {}), details(model, card));
}

const labels = (list) => h("ul", {class: "labels", "aria-label": t("models.labels")}, list.map((label) => h("li", {class: "chip"}, swatch(label), expression(label))));
const part = (key, text) => h("div", {}, h("h3", {}, t(`models.${key}`)), h("p", {}, text));

function facts(model) {
  const rows = [
    ["input", input(model)], ["trained_on", model.trained_on], ["landmarks", model.landmarks === undefined ? null : t(model.landmarks ? "models.landmarks_five" : "models.landmarks_none")],
    ["licence", model.licence], ["source", model.source], ["size", model.bytes && bytes(model.bytes)], ["sha256", model.sha256 && h("code", {title: model.sha256}, `${model.sha256.slice(0, 16)}…`)],
  ].filter(([, value]) => value);
  return h("dl", {class: "facts"}, rows.map(([key, value]) => [h("dt", {}, t(`models.${key}`)), h("dd", {}, value)]));
}

function input({input: of}) {
  if (!of?.size) return null;
  const [height, width] = Array.isArray(of.size) ? of.size : [of.size, of.size];
  return t(of.channels === 1 ? "models.input_grey" : "models.input_colour", {width, height});
}

/** Everything else that travels with the weights, as it is written there. */
function details(model, card) {
  const rest = [...Object.entries(card).filter(([key]) => !SHOWN_OF_CARD.includes(key)), ...Object.entries(model).filter(([key]) => !SHOWN.includes(key)),
    ["sha256", model.sha256], ["weights_sha256", model.weights_sha256]];
  const rows = rest.map(([key, value]) => [key, asText(value, number)]).filter(([, value]) => value);
  if (!rows.length) return null;
  return h("details", {}, h("summary", {}, icon("info"), t("models.details")),
    h("dl", {class: "facts small", lang: "en"}, rows.map(([key, value]) => [h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, value)])));
}
