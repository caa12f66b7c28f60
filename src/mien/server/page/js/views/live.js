// The camera: boxes over the moving picture, a minute of each person beside it.

import {onBack} from "../connection.js";
import {h, icon, put} from "../dom.js";
import {legend} from "../expressions.js";
import {clock, date, number, t} from "../i18n.js";
import {keys} from "../keys.js";
import {message, notice, say} from "../notices.js";
import {may, session} from "../session.js";
import {drawFaces, Tracks} from "../shared/boxes.js";
import {save} from "../shared/files.js";
import {close, openCamera, severalCameras} from "../live/camera.js";
import {choosePerson} from "../live/log.js";
import {People} from "../live/people.js";
import {canRecord, Recorder, snapshot} from "../live/recorder.js";
import {LiveStream} from "../live/stream.js";

export const title = "live.title";
export const styles = ["picture", "live"];

const DRAW_MS = 100; // timelines and figures; boxes follow every frame of the screen

export function mount(root, app) {
  const video = h("video", {playsinline: true, muted: true, "aria-label": t("live.camera")});
  const canvas = h("canvas", {class: "overlay", "aria-hidden": "true"});
  const mixed = document.createElement("canvas"); // picture and boxes in one, for files
  const state = h("span", {class: "chip", role: "status"}), figures = h("span", {class: "note small numbers"});
  const tape = h("span", {class: "chip tape", hidden: true});
  const scene = h("div", {class: "scene"}, video, canvas, h("div", {class: "corner row"}, state, tape));
  const people = new People(session().labels), tracks = new Tracks(), recorder = new Recorder(mixed);
  const nobody = h("p", {class: "note nobody"}, t("live.nobody"));
  const controls = h("div", {class: "tools controls"});
  const work = h("div", {class: "look", hidden: true}, h("div", {class: "stack tight"}, scene, h("div", {class: "row apart"}, controls, figures)), h("div", {class: "stack tight"}, nobody, people.element, legend(session().labels)));
  const trouble = h("div", {});
  const welcome = h("div", {class: "drop plain"}, icon("camera"), h("h2", {}, t("live.start_title")), h("p", {}, t("live.start_help")), trouble,
    h("div", {class: "tools"}, button("primary", "camera", t("live.start"), start)), h("p", {class: "small"}, t("live.private")));
  root.append(app.heading(), welcome, work);

  let stream = null, live = null, paused = false, mirrored = true, facing = "user", several = false, scale = 1, logged = null, frame = 0, drawn = 0, open = true;

  async function start() {
    put(trouble);
    try {
      stream = await openCamera({facing});
    } catch (error) {
      return put(trouble, explain(error.reason));
    }
    if (!open) return close(stream);
    several = await severalCameras();
    video.srcObject = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => { stop(); put(trouble, explain("ended")); });
    await video.play().catch(() => {});
    welcome.hidden = true;
    work.hidden = false;
    connect();
    buttons();
    controls.querySelector("button").focus();
    frame = requestAnimationFrame(tick);
  }

  function explain(reason) {
    const card = message([h("b", {}, t(`live.problems.${reason}.what`)), t(`live.problems.${reason}.help`)], "warn");
    card.setAttribute("role", "alert");
    return card;
  }

  function connect() {
    live = new LiveStream(video, {
      onresult(result, {t: seconds, size}) {
        scale = size[0];
        tracks.set(result);
        people.add(result, seconds);
        recorder.add(result);
      },
      onstate(now, reason) {
        state.className = `chip ${{running: "good", refused: "alert"}[now] || "warn"}`;
        state.textContent = now === "refused" ? reason || t("live.states.refused") : t(`live.states.${reason || now}`);
        state.hidden = now === "running";
      },
      onrecording(person, refused) {
        if (refused) notice(refused.detail, "alert");
        else if (person !== logged) say(person ? t("live.log_on", {person}) : t("live.log_off"));
        logged = person;
        buttons();
      },
    });
    live.start();
  }

  function stop() {
    cancelAnimationFrame(frame);
    if (recorder.running) record();
    live?.stop();
    close(stream);
    live = stream = logged = null;
    paused = false;
    people.clear();
    tracks.clear();
    const held = work.contains(document.activeElement);
    welcome.hidden = false;
    work.hidden = true;
    if (held) welcome.querySelector("button").focus();
  }

  function tick(now) {
    frame = requestAnimationFrame(tick);
    const ratio = devicePixelRatio || 1, width = Math.round(video.clientWidth * ratio), height = Math.round(video.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    canvas.dataset.ratio = ratio;
    const pen = canvas.getContext("2d"), faces = paused ? [] : tracks.shown(now);
    if (!paused) {
      pen.clearRect(0, 0, width, height);
      drawFaces(pen, faces, {scale: width / scale, mirrored, width});
      if (recorder.running) mix(faces);
    }
    if (now - drawn < DRAW_MS || paused) return;
    drawn = now;
    nobody.hidden = !people.empty;
    people.draw(now / 1000, live.pace);
    put(figures, t("live.figures", {rate: number(live.rate, {maximumFractionDigits: 0}), latency: number(live.latency, {maximumFractionDigits: 0})}),
      recorder.running && ` · ${clock(recorder.seconds, 0)}`);
  }

  function mix(faces) {
    const {videoWidth: width, videoHeight: height} = video, pen = mixed.getContext("2d");
    if (mixed.width !== width || mixed.height !== height) Object.assign(mixed, {width, height});
    pen.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? width : 0, 0);
    pen.drawImage(video, 0, 0, width, height);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    drawFaces(pen, faces, {scale: width / scale, mirrored, width});
  }

  function pause() {
    if (!live) return;
    paused = !paused;
    if (paused) { video.pause(); live.pause(); } else { video.play(); live.resume(); }
    say(t(paused ? "live.paused" : "live.resumed"));
    buttons();
  }

  function mirror() {
    mirrored = !mirrored;
    buttons();
  }

  async function take() {
    if (!live) return;
    mix(tracks.shown());
    save(await snapshot(mixed), `${stamp()}.jpg`);
    notice(t("live.saved"), "good");
  }

  async function record() {
    if (!live && !recorder.running) return;
    if (!recorder.running) {
      mix([]);
      recorder.start();
      say(t("live.recording"));
    } else {
      const {video: film, ending, rows} = await recorder.stop(), name = stamp();
      save(film, `${name}.${ending}`);
      save(rows, `${name}.jsonl`);
      notice(t("live.recorded"), "good");
    }
    buttons();
  }

  async function log() {
    if (logged) return live.record(null);
    try {
      const person = await choosePerson();
      if (person && live) live.record(person);
    } catch (error) {
      notice(error.message, "alert");
    }
  }

  async function turn() {
    facing = facing === "user" ? "environment" : "user";
    mirrored = facing === "user";
    stop();
    await start();
  }

  function buttons() {
    scene.classList.toggle("mirrored", mirrored);
    scene.classList.toggle("recording", recorder.running || Boolean(logged));
    tape.hidden = !recorder.running && !logged;
    put(tape, icon("record"), logged ? t("live.log_on", {person: logged}) : t("live.recording"));
    const focused = document.activeElement?.dataset?.name;
    put(controls,
      named("pause", button("", paused ? "play" : "pause", t(paused ? "live.go_on" : "live.pause"), pause)),
      named("snapshot", button("", "picture", t("live.snapshot"), take)),
      canRecord() && named("record", button(recorder.running ? "danger" : "", recorder.running ? "stop" : "record", t(recorder.running ? "live.record_stop" : "live.record"), record)),
      may("care") && session().log && named("log", button(logged ? "danger" : "", "people", logged ? t("live.log_stop", {person: logged}) : t("live.log"), log)),
      named("mirror", button("quiet", "mirror", t("live.mirror"), mirror, mirrored)),
      several && named("turn", button("quiet", "camera", t("live.turn"), turn)),
      named("stop", button("quiet", "x", t("live.stop"), stop)));
    if (focused) controls.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  const offs = [onBack(() => put(trouble)), keys([
    {key: "s", text: t("live.start"), run: () => { if (!live) start(); }},
    {key: " ", text: t("live.pause"), run: pause},
    {key: "t", text: t("live.snapshot"), run: take},
    {key: "r", text: t("live.record"), run: record},
    {key: "m", text: t("live.mirror"), run: mirror},
  ])];
  if (!navigator.mediaDevices?.getUserMedia) put(trouble, explain("insecure"));
  return () => {
    open = false;
    offs.forEach((off) => off());
    stop();
  };
}

const stamp = () => `live ${date(new Date(), {dateStyle: "short", timeStyle: "medium"})}`.replace(/[^\p{L}\p{N}]+/gu, "-");
function named(name, element) {
  element.dataset.name = name;
  return element;
}

function button(kind, picture, text, onclick, pressed = null) {
  return h("button", {class: `button ${kind === "primary" ? "" : "compact "}${kind}`, type: "button", onclick, "aria-pressed": pressed === null ? null : String(pressed)}, icon(picture), text);
}
