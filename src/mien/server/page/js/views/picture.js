// Pictures: drop, paste or pick; look at the faces of each; take the results along.

import {once} from "../busy.js";
import {h, icon, put} from "../dom.js";
import {t} from "../i18n.js";
import {keys} from "../keys.js";
import {notice, say} from "../notices.js";
import {session} from "../session.js";
import {pick, save, takeFiles} from "../shared/files.js";
import {Cards} from "../picture/cards.js";
import {describe} from "../picture/faces.js";
import {queue} from "../picture/queue.js";
import {Stage, annotated} from "../picture/stage.js";
import {Strip} from "../picture/strip.js";
import {toCsv, toJson} from "../picture/tables.js";

export const title = "picture.title";
export const styles = ["picture"];

let current = null; // kept while another view is open

export function mount(root, app) {
  const heading = app.heading();
  let face = null, said = null;
  const stage = new Stage((number) => chooseFace(number));
  const cards = new Cards((number) => chooseFace(number));
  const strip = new Strip((item) => choosePicture(item));
  const choose = async () => add(await pick({accept: "image/*", multiple: true}));
  const summary = h("div", {class: "summary"});
  const savers = [["csv", () => table("csv")], ["json", () => table("json")], ["annotated", drawn]].map(([name, run]) => button("compact", "download", t(`picture.${name}`), run));
  const downloads = h("div", {class: "tools downloads"}, savers);
  const work = h("div", {class: "stack"}, summary, strip.element, h("div", {class: "look"}, stage.element, cards.element));
  const welcome = h("div", {class: "drop"}, icon("picture"), h("h2", {class: "for-mouse"}, t("picture.drop")), h("p", {class: "for-mouse"}, t("picture.drop_help")),
    h("div", {class: "tools"}, button("primary", "plus", t("picture.choose"), choose), button("", "face", t("picture.try"), tryIt)),
    h("p", {class: "small"}, t("picture.private")));
  const tools = h("div", {class: "tools of-view"}, downloads,
    button("compact", "plus", t("picture.more"), choose), button("quiet compact", "trash", t("picture.clear"), clear));
  root.append(h("div", {class: "row apart head"}, heading, tools), welcome, work);

  function add(files) {
    const pictures = files.filter((file) => !file.type.startsWith("video/"));
    if (pictures.length < files.length) notice(t("picture.is_video"), "warn");
    if (!pictures.length) return;
    const held = welcome.contains(document.activeElement), [first] = queue.add(pictures);
    choosePicture(first);
    if (held) heading.focus({preventScroll: true});
  }

  function tryIt() {
    return once(welcome, async () => {
      const answer = await fetch("samples/astronaut.jpg").catch(() => null);
      if (answer?.ok) add([new File([await answer.blob()], "astronaut.jpg", {type: "image/jpeg"})]);
    });
  }

  function clear() {
    current = face = null;
    queue.clear();
    welcome.querySelector("button").focus();
  }

  function choosePicture(item) {
    current = item;
    face = null;
    draw();
  }

  function chooseFace(number, focus = false) {
    face = number;
    stage.select(number);
    cards.select(number, focus);
    cards.reveal(number);
  }

  function draw() {
    const {items} = queue, any = items.length > 0;
    welcome.hidden = any;
    tools.hidden = work.hidden = !any;
    if (!any) return;
    if (!items.includes(current)) current = items[0];
    const held = work.contains(document.activeElement);
    strip.show(items, current);
    stage.show(current);
    cards.show(current);
    if (face === null && current.result?.faces.length === 1) face = 0;
    if (face !== null) {
      stage.select(face);
      cards.select(face);
    }
    drawSummary(items);
    if (held && !work.contains(document.activeElement)) (items.length > 1 ? strip : heading).focus({preventScroll: true});
  }

  function drawSummary(items) {
    const done = items.filter((item) => item.result), failed = items.filter((item) => item.state === "failed");
    const faces = done.reduce((sum, item) => sum + item.result.faces.length, 0), ready = done.length + failed.length;
    const text = [t("picture.pictures", {n: items.length}), t("picture.faces", {n: faces})].join(" · ");
    const failures = failed.length > 0 && t("picture.failures", {n: failed.length});
    summary.hidden = items.length < 2;
    put(summary, queue.busy
      ? [h("p", {class: "note numbers"}, t("picture.progress", {n: ready, all: items.length})), h("progress", {value: ready, max: items.length, "aria-label": t("picture.title")})]
      : h("p", {class: "note numbers"}, text, failures && [" · ", h("button", {class: "link", type: "button", onclick: nextFailed}, failures)]));
    savers.forEach((one, at) => { one.disabled = at < 2 ? !done.length : !current.result; });
    if (!queue.busy && said !== items.length) {
      said = items.length;
      say(items.length > 1 ? [text, failures].filter(Boolean).join(" · ") : current.result ? [t("picture.faces", {n: faces}), ...current.result.faces.slice(0, 9).map(describe)].join(". ") : current.reason);
    }
  }

  function table(format) {
    const results = queue.items.map((item) => item.result).filter(Boolean);
    const text = format === "csv" ? toCsv(results, session().labels) : toJson(results);
    save(new Blob([text], {type: format === "csv" ? "text/csv" : "application/json"}), `faces.${format}`);
  }

  async function drawn() {
    try {
      save(await annotated(current), `${current.name.replace(/\.\w+$/, "")}-faces.jpg`);
    } catch (error) {
      notice(error.message, "alert");
    }
  }

  function step(by) {
    const at = queue.items.indexOf(current) + by;
    if (queue.items[at]) choosePicture(queue.items[at]);
  }

  function nextFailed() {
    const {items} = queue, at = items.indexOf(current);
    choosePicture([...items.slice(at + 1), ...items].find((item) => item.state === "failed"));
    summary.querySelector(".link").focus();
  }

  function stepFace(by) {
    const most = current?.result?.faces.length || 0;
    if (most) chooseFace(face === null ? (by > 0 ? 0 : most - 1) : (face + by + most) % most, true);
  }

  function changed(items) {
    if (!queue.items.includes(current) || items.includes(current)) return draw();
    strip.show(queue.items, current);
    return drawSummary(queue.items);
  }

  const offs = [queue.on(changed), takeFiles(root, add), keys([
    {key: "o", text: t("picture.choose"), run: choose},
    {key: "ArrowRight", label: "→", text: t("picture.next_face"), repeats: true, run: () => stepFace(1)},
    {key: "ArrowLeft", label: "←", text: t("picture.previous_face"), repeats: true, run: () => stepFace(-1)},
    {key: "n", text: t("picture.next"), repeats: true, run: () => step(1)},
    {key: "p", text: t("picture.previous"), repeats: true, run: () => step(-1)},
    {key: "c", text: t("picture.csv"), run: () => table("csv")},
  ])];
  draw();
  return () => offs.forEach((off) => off());
}

function button(kind, picture, text, onclick) {
  return h("button", {class: `button ${kind}`, type: "button", onclick}, icon(picture), text);
}
