// Where a video is dropped, and the videos of before.
//
//   const off = showList(root, app)

import {once} from "../busy.js";
import {h, icon, put} from "../dom.js";
import {bytes, moment, percent, t} from "../i18n.js";
import {notice, problem, say} from "../notices.js";
import {session} from "../session.js";
import {pick, takeFiles} from "../shared/files.js";
import {ended, follow, jobs, removeJob, send} from "./jobs.js";
import {stateChip, shareDone} from "./state.js";

const NO_VIDEO = 415;

export function showList(root, app) {
  const sending = h("div", {class: "card stack tight", hidden: true});
  const list = h("ul", {class: "stack tight jobs"}), before = h("section", {class: "stack tight", hidden: true}, h("h2", {}, t("video.before")), list);
  const drop = h("div", {class: "drop"}, icon("film"), h("h2", {class: "for-mouse"}, t("video.drop")), h("p", {}, t("video.drop_help")),
    h("div", {class: "tools"}, h("button", {class: "button primary", type: "button", onclick: choose}, icon("plus"), t("video.choose"))), h("p", {class: "small"}, t("video.private")));
  root.append(app.heading(), drop, sending, before);
  let stop = null, closed = false;
  const offs = [takeFiles(root, (files) => take(files[0]))];

  async function choose() {
    const [file] = await pick({accept: "video/*,.mkv,.avi,.mov"});
    if (file) take(file);
  }

  async function take(file) {
    if (stop) return;
    const most = session().limits.video_bytes || Infinity;
    if (file.size > most) return notice(t("picture.too_large", {size: bytes(file.size), most: bytes(most)}), "alert");
    stop = new AbortController();
    const bar = h("progress", {max: 1, value: 0, "aria-label": t("video.sending", {name: file.name})}), part = h("span", {class: "note numbers"});
    put(sending, h("div", {class: "row apart"}, h("b", {class: "grow"}, t("video.sending", {name: file.name})), part,
      h("button", {class: "button compact", type: "button", onclick: () => stop.abort()}, t("shell.cancel"))), bar);
    sending.hidden = false;
    drop.hidden = true;
    sending.querySelector("button").focus();
    try {
      const onprogress = (share) => { bar.value = share; part.textContent = percent(share); };
      const job = await send(file, {onprogress, signal: stop.signal});
      if (!closed) app.go("video", job.id);
    } catch (error) {
      drop.hidden = false;
      if (error.name === "AbortError") sending.hidden = true;
      else put(sending, problem(error.status === NO_VIDEO ? new Error(t("video.not_video")) : error));
    }
    stop = null;
  }

  function row(job) {
    const bar = h("progress", {max: 1, "aria-label": job.name}), state = h("span", {}), name = h("a", {class: "name", href: `#/video/${encodeURIComponent(job.id)}`}, job.name);
    const remove = h("button", {class: "button quiet compact", type: "button", "aria-label": t("video.remove_of", {name: job.name}), onclick: () => once(line, async () => {
      await removeJob(job.id).catch((error) => notice(error.message, "alert"));
      say(t("video.removed"));
      line.remove();
      before.hidden = !list.children.length;
    })}, icon("trash"));
    const line = h("li", {class: "card row"}, icon("film"), h("div", {class: "grow"}, name, h("div", {class: "note small"}, moment(1000 * job.created))), state, remove, bar);
    const show = (now) => {
      put(state, stateChip(now));
      bar.hidden = ended(now);
      const share = shareDone(now);
      if (share === null) bar.removeAttribute("value");
      else bar.value = share;
    };
    show(job);
    if (!ended(job)) offs.push(follow(job.id, show, () => line.remove()));
    return line;
  }

  jobs().then((known) => {
    if (closed) return;
    put(list, known.reverse().map(row));
    before.hidden = !known.length;
  }, (error) => root.append(problem(error)));

  return () => {
    closed = true;
    stop?.abort();
    offs.forEach((off) => off());
  };
}
