// One video: its progress, then the original with boxes and a timeline for each person.
//
//   const off = showJob(root, app, id)

import {get} from "../api.js";
import {once} from "../busy.js";
import {h, icon, put} from "../dom.js";
import {legend} from "../expressions.js";
import {clock, t} from "../i18n.js";
import {keys} from "../keys.js";
import {message, notice, problem, say} from "../notices.js";
import {session} from "../session.js";
import {pick} from "../shared/files.js";
import {Frames} from "./frames.js";
import {ended, fileOf, follow, keepFile, readResults, removeJob} from "./jobs.js";
import {PersonRow} from "./person.js";
import {Player} from "./player.js";
import {shareDone, stateChip} from "./state.js";

const DRAW_MS = 400, MOST = 20; // while results arrive; persons that are shown

export function showJob(root, app, id) {
  const stop = new AbortController(), frames = new Frames(), rows = new Map();
  const title = app.heading(), state = h("span", {}), tools = h("div", {class: "tools"}), progress = h("div", {class: "card stack tight"});
  const colors = h("div", {class: "stack"}), people = h("div", {class: "stack"}), notes = h("div", {class: "stack tight"});
  const player = new Player(frames, (seconds) => { now = seconds; for (const row of rows.values()) row.cursor(seconds); });
  const original = h("div", {class: "row"});
  let now = 0, end = 0, job = null, shown = "", timer = 0;
  root.append(h("div", {}, h("a", {class: "button quiet compact", href: "#/video"}, icon("back"), t("video.all"))),
    h("div", {class: "row apart"}, h("div", {class: "row name"}, title, state), tools), progress, notes,
    h("div", {class: "watch"}, h("div", {class: "stack tight film"}, player.element, original), h("div", {class: "stack tight"}, colors, people)));

  function take(result) {
    frames.add(result);
    for (const face of result.faces) {
      const track = face.track_id ?? face.face + 1;
      if (!rows.has(track) && rows.size < MOST) {
        rows.set(track, new PersonRow(track, session().labels, jump));
        people.append(rows.get(track).element);
      }
      rows.get(track)?.add(result.time_s, face);
    }
    timer ||= setTimeout(draw, DRAW_MS);
  }

  function draw() {
    clearTimeout(timer);
    timer = 0;
    const last = end || Math.max(job?.progress.duration_s || 0, frames.end, 0.001);
    for (const row of rows.values()) row.draw(0, last, frames.step);
    if (!colors.children.length && rows.size) put(colors, legend(session().labels));
    player.draw();
  }

  function jump(seconds) {
    now = seconds;
    for (const row of rows.values()) row.cursor(seconds);
    player.jump(seconds);
  }

  function open(file) {
    keepFile(id, file);
    player.open(file);
    put(original);
  }

  async function follows(found) {
    const first = job === null;
    job = found;
    if (first) {
      title.textContent = job.name;
      document.title = `${job.name} – Mien`;
      if (fileOf(id)) open(fileOf(id));
      else put(original, h("button", {class: "button", type: "button", onclick: async () => {
        const [file] = await pick({accept: "video/*,.mkv,.avi,.mov"});
        if (file) open(file);
      }}, icon("film"), t("video.original")), h("span", {class: "note small"}, t("video.original_help")));
      readResults(id, take, stop.signal).then(draw);
    }
    showProgress();
    if (job.state === shown) return; // a button that is replaced under the mouse is not pressed
    shown = job.state;
    put(state, stateChip(job));
    put(notes, (job.notes || []).map((note) => message(note, "warn")));
    put(tools, job.state === "done" && [["csv", "video.csv"], ["jsonl", "video.results"]].map(([format, text]) =>
      h("a", {class: "button compact", href: `/v1/videos/${encodeURIComponent(id)}/results?format=${format}`, download: `${job.name}.${format}`}, icon("download"), t(text))),
      h("button", {class: "button quiet compact", type: "button", onclick: drop}, icon(ended(job) ? "trash" : "stop"), t(ended(job) ? "video.remove" : "video.cancel")));
    if (job.state === "done") await finish(first);
  }

  function showProgress() {
    const share = shareDone(job), {frames: done, of, time_s: seconds, duration_s: whole} = job.progress;
    progress.hidden = job.state === "done" || job.state === "cancelled";
    if (job.state === "failed") {
      progress.className = "";
      return put(progress, problem(new Error(job.problem?.detail || t("shell.failed"))));
    }
    const bar = h("progress", {max: 1, "aria-label": t("video.states.running"), ...(share === null ? {} : {value: share})});
    const text = job.state === "queued" ? t("video.queued") : of ? t("video.frames", {n: done, all: of}) : whole ? t("video.time", {time: clock(seconds, 0), all: clock(whole, 0)}) : t("video.frames_only", {n: done});
    return put(progress, h("p", {class: "note numbers", role: job.state === "queued" ? "status" : null}, text), bar);
  }

  async function finish(atOnce) {
    const found = await get(`/v1/videos/${encodeURIComponent(id)}/people`, {signal: stop.signal}).catch((error) => { if (!stop.signal.aborted) notice(error.message, "alert"); });
    if (!found) return;
    end = found.end_s || 0;
    for (const person of found.people) {
      if (!rows.has(person.track_id)) rows.set(person.track_id, new PersonRow(person.track_id, session().labels, jump));
      rows.get(person.track_id).facts(person);
    }
    const known = found.people.map((person) => rows.get(person.track_id)); // who was seen longest comes first
    for (const [track, row] of rows) if (!known.includes(row)) rows.delete(track);
    put(people, known.map((row) => row.element), found.others > 0 && h("p", {class: "note"}, t("video.others", {n: found.others})),
      !known.length && message([h("b", {}, t("video.nobody")), t("picture.no_face_help")]));
    draw();
    if (!atOnce) say(`${t("video.states.done")}. ${t("video.people", {n: found.people.length})}`);
  }

  const drop = () => once(tools, async () => {
    try {
      await removeJob(id);
      say(t("video.removed"));
      app.go("video");
    } catch (error) {
      notice(error.message, "alert");
    }
  });

  const step = (by) => jump(Math.min(Math.max(now + by, 0), Math.max(end, frames.end)));
  const offs = [follow(id, follows, (error) => put(progress, problem(error))), keys([
    {key: " ", text: t("video.play"), run: () => player.toggle()},
    {key: "ArrowRight", label: "→", text: t("video.forward"), repeats: true, run: () => step(1)},
    {key: "ArrowLeft", label: "←", text: t("video.backward"), repeats: true, run: () => step(-1)},
    {key: ".", text: t("video.next_frame"), repeats: true, run: () => step(frames.step)},
    {key: ",", text: t("video.previous_frame"), repeats: true, run: () => step(-frames.step)},
  ])];
  window.addEventListener("themechange", draw);
  return () => {
    stop.abort();
    clearTimeout(timer);
    window.removeEventListener("themechange", draw);
    offs.forEach((off) => off());
    player.close();
  };
}
