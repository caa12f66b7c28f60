// Models and data: what is loaded, its card, what else there is, and figures of evaluation reports.

import {get} from "../api.js";
import {h, put} from "../dom.js";
import {t} from "../i18n.js";
import {modelCard} from "../models/card.js";
import {evaluations} from "../models/figures.js";

export const title = "models.title";
export const styles = ["models"];

export async function mount(root, app) {
  const found = await get("/v1/models");
  put(root, app.heading(t("models.heading")), h("p", {class: "note"}, t("models.intro")),
    h("div", {class: "loaded"}, modelCard("classifier", found.classifier),
      h("div", {class: "stack"}, modelCard("detector", found.detector), evaluations(found.evaluations ?? []))), others(found.available ?? []));
}

/** What else can be chosen when the server starts. */
function others(list) {
  if (!list.length) return null;
  return h("section", {class: "stack tight", "aria-labelledby": "others-title"}, h("h2", {id: "others-title"}, t("models.others")),
    h("p", {class: "note small"}, t("models.others_help")),
    h("ul", {class: "others card"}, list.map((one) => h("li", {},
      h("span", {}, h("b", {}, one.name), " ", h("span", {class: "note small"}, t(`models.kinds.${one.kind}`))),
      h("span", {class: `chip ${one.works ? "good" : "warn"}`}, t(one.works ? "models.ready" : "models.not_ready")),
      one.note && h("span", {class: "small about"}, one.note)))));
}
