// The page of one rater. The server decides; this shows a picture, sends keys and shows the answer.
"use strict";

const at = (id) => document.getElementById(id);
const KEPT = 4; // pictures fetched ahead or kept behind
const SIZES = ["large", "medium", "small"];

let facts; // rater, labels with keys, has_model
let view; // of the picture that is shown
let busy = false;
let size = 0;
const pictures = new Map(); // number → promise of an object URL
const clock = { from: 0, hidden: 0, since: null };

class Trouble extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, values) {
  const write = values && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(values),
  };
  let response;
  try {
    response = await fetch(path, write || {});
  } catch {
    throw new Trouble(
      "Mien does not answer, so nothing is saved from now on. What you answered before is safe: "
      + "run the same command again and open the address that it prints.", 0);
  }
  if (response.ok) return response;
  const reply = await response.json().catch(() => ({}));
  throw new Trouble(reply.error || `Mien answers with status ${response.status}.`, response.status);
}

const asked = async (path, values) => (await ask(path, values)).json();

function complain(text) {
  at("alert").hidden = !text;
  at("alert").textContent = text || "";
}

// One request at a time: keys that come meanwhile are dropped, so that none answers for a picture
// that was not seen yet.
async function doing(work) {
  if (busy) return;
  busy = true;
  try {
    complain("");
    await work();
  } catch (error) {
    complain(error.message);
    if (error.status === 409) show(await asked(`api/pictures/${view.number}`));
  } finally {
    busy = false;
  }
}

// --- pictures ---

function picture(number) {
  if (!pictures.has(number)) {
    const found = ask(`pictures/${number}`).then((r) => r.blob()).then(URL.createObjectURL);
    found.catch(() => pictures.delete(number)); // asked for again next time
    pictures.set(number, found);
    for (const [old, url] of [...pictures].slice(0, -KEPT)) {
      pictures.delete(old);
      url.then(URL.revokeObjectURL, () => {});
    }
  }
  return pictures.get(number);
}

async function load(number) {
  const image = at("picture");
  const missing = at("no-picture");
  try {
    const url = await picture(number);
    if (view.number !== number) return;
    image.src = url;
    await image.decode();
    image.hidden = false;
    missing.hidden = true;
  } catch (error) {
    if (view.number !== number) return;
    image.hidden = true;
    missing.hidden = false;
    missing.textContent = `This picture cannot be shown. ${error.message || ""} Press x or s to go on.`;
  }
  Object.assign(clock, { from: performance.now(), hidden: 0, since: null });
  if (view.next_open !== null) picture(view.next_open).catch(() => {});
}

function seconds() {
  return Math.max(0, (performance.now() - clock.from - clock.hidden) / 1000);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clock.since = performance.now();
  else if (clock.since !== null) {
    clock.hidden += performance.now() - clock.since;
    clock.since = null;
  }
});

// --- what is shown ---

function show(next) {
  const moved = !view || view.number !== next.number;
  view = next;
  const place = `Picture ${view.number + 1} of ${view.total}`;
  at("place").textContent = place;
  document.title = `${view.number + 1}/${view.total} · Label faces`;
  at("bar").max = view.total;
  at("bar").value = view.done;
  at("done").textContent = `${view.done} answered`;
  at("remaining").textContent =
    view.remaining_s && view.done < view.total ? ` · ${duration(view.remaining_s)} left` : "";
  at("picture").alt = `${place}: the face to label`;
  for (const button of document.querySelectorAll(".choice")) {
    const chosen = view.kind === button.dataset.kind
      && (view.kind !== "labelled" || view.label === button.dataset.label);
    button.setAttribute("aria-pressed", String(chosen));
  }
  at("back").disabled = view.number === 0;
  at("forward").disabled = view.number === view.total - 1;
  at("next-open").disabled = view.next_open === null;
  at("undo").disabled = !view.can_undo;
  showSuggestion();
  showOld();
  return moved ? load(view.number) : undefined;
}

function showSuggestion() {
  const box = at("suggestion");
  at("suggestion-button").hidden = view.suggestion !== null;
  box.hidden = view.suggestion === null;
  if (view.suggestion === null) return;
  const rows = element("div", "", "ranked");
  for (const [label, probability] of view.suggestion) {
    const track = element("div");
    const bar = element("i");
    bar.style.width = `${Math.round(probability * 100)}%`;
    track.append(bar);
    rows.append(element("span", label), track, element("b", percent(probability)));
  }
  box.replaceChildren(element("p", "The model says"), rows);
}

function showOld() {
  const box = at("old");
  at("old-button").hidden = view.name !== null;
  box.hidden = view.name === null;
  if (view.name === null) return;
  const keep = element("button", "", "plain");
  keep.type = "button";
  keep.append(element("kbd", "k"), " Keep");
  keep.addEventListener("click", keepOld);
  box.replaceChildren(
    element("p", "Labelled before: "),
    element("b", view.old_label || "no label"),
    ...(canKeep() ? [keep] : []),
    element("p", view.name, "name"),
  );
}

function element(tag, text = "", kind = "") {
  const made = document.createElement(tag);
  made.textContent = text; // never as HTML: labels and names come from files
  if (kind) made.className = kind;
  return made;
}

const percent = (share) => `${Math.round(share * 100)} %`;

function duration(total) {
  if (total < 60) return "less than a minute";
  const minutes = Math.round(total / 60);
  return minutes < 90 ? `about ${minutes} min` : `about ${(minutes / 60).toFixed(1)} h`;
}

let fading;
function toast(text) {
  at("toast").textContent = text;
  at("toast").classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => at("toast").classList.remove("on"), 2500);
}

function announce(text) {
  at("status").textContent = text;
}

// --- what a key or a button does ---

const go = (number) => doing(async () => {
  if (number === null || number < 0 || number >= view.total) return;
  await show(await asked(`api/pictures/${number}`));
  announce(`${at("place").textContent}. ${answerText()}`);
});

const answer = (kind, label = "") => doing(async () => {
  const { number, revision } = view;
  const saved = await asked("api/answer", { number, revision, kind, label, seconds: seconds() });
  const text = label || kind;
  if (saved.next_open === null) {
    show(saved);
    toast(`✓ ${text}`);
    announce(`Saved: ${text}.`);
    finish();
    return;
  }
  const next = await asked(`api/pictures/${saved.next_open}`);
  await show(next);
  toast(`✓ ${text}`);
  announce(`Saved: ${text}. ${at("place").textContent}.`);
});

const undo = () => doing(async () => {
  if (!view.can_undo) return;
  await show(await asked("api/undo", {}));
  toast("Undone");
  announce(`Undone. ${at("place").textContent}. ${answerText()}`);
});

const reveal = (what) => doing(async () => {
  if (what === "suggestion" && !facts.has_model) return;
  show(await asked("api/reveal", { number: view.number, what }));
  announce(at(what === "suggestion" ? "suggestion" : "old").innerText);
});

function answerText() {
  return view.kind ? `Answered: ${view.label || view.kind}.` : "No answer yet.";
}

function canKeep() {
  return facts.labels.some(({ label }) => label === view.old_label);
}

function keepOld() {
  if (canKeep()) answer("labelled", view.old_label);
}

function zoom() {
  size = (size + 1) % SIZES.length;
  at("picture").className = [SIZES[size], at("picture").classList.contains("brighter") ? "brighter" : ""].join(" ");
  announce(`Size: ${SIZES[size]}.`);
}

function brighter() {
  const on = at("picture").classList.toggle("brighter");
  at("brighter").setAttribute("aria-pressed", String(on));
}

function finish() {
  const open = view.total - view.done;
  at("end-title").textContent = open ? "Finish for now?" : "All pictures have an answer";
  at("end-text").textContent = open
    ? `${view.done} of ${view.total} are answered and saved. The same command goes on from here.`
    : `${view.total} answers are saved. You can still go back and change some.`;
  at("end").returnValue = "";
  at("end").showModal();
}

at("end").addEventListener("close", () => {
  if (at("end").returnValue !== "finish") return;
  doing(async () => {
    await ask("api/finish", {});
    view = undefined; // no key does anything
    document.body.className = "ended";
    document.body.replaceChildren(
      element("p", "Everything is saved, and the program has ended. You can close this page."));
  });
});

const KEYS = {
  s: () => answer("cannot tell"),
  x: () => answer("not a face"),
  u: undo,
  arrowleft: () => go(view.number - 1),
  backspace: () => go(view.number - 1),
  arrowright: () => go(view.number + 1),
  n: () => go(view.next_open),
  m: () => reveal("suggestion"),
  o: () => reveal("old_label"),
  k: keepOld,
  z: zoom,
  b: brighter,
  "?": () => at("help").showModal(),
  q: finish,
};

function labelOf(event) {
  const typed = /^[0-9]$/.test(event.key) ? event.key : (/^(?:Digit|Numpad)([0-9])$/.exec(event.code) || [])[1];
  return facts.labels.find(({ key }) => key === typed);
}

document.addEventListener("keydown", (event) => {
  if (!view || !event.key || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) {
    if (event.key === "?" && at("help").open) at("help").close();
    return;
  }
  const key = event.key.toLowerCase();
  const moves = key.startsWith("arrow");
  const chosen = KEYS[key] ? null : labelOf(event);
  if (!KEYS[key] && !chosen) return;
  event.preventDefault();
  if (event.repeat && !moves) return; // a key that is held down answers once
  if (chosen) answer("labelled", chosen.label);
  else KEYS[key]();
});

const BUTTONS = {
  "cannot-tell": "s", "not-a-face": "x", "undo": "u", "back": "arrowleft", "forward": "arrowright",
  "next-open": "n", "suggestion-button": "m", "old-button": "o", "zoom": "z", "brighter": "b",
  "help-button": "?", "finish": "q",
};

async function start() {
  facts = await asked("api/session");
  for (const { label, key } of facts.labels) {
    const button = element("button", "", "choice");
    button.type = "button";
    button.dataset.kind = "labelled";
    button.dataset.label = label;
    button.append(element("kbd", key), element("span", label));
    button.addEventListener("click", () => answer("labelled", label));
    at("labels").append(button);
  }
  at("cannot-tell").dataset.kind = "cannot tell";
  at("not-a-face").dataset.kind = "not a face";
  for (const [id, key] of Object.entries(BUTTONS)) at(id).addEventListener("click", KEYS[key]);
  at("rater").textContent = `Rater: ${facts.rater}`;
  at("suggestion-box").hidden = !facts.has_model;
  await show(facts.start);
  announce(`${at("place").textContent}. ${answerText()}`);
  if (view.done === view.total) finish();
}

doing(start);
