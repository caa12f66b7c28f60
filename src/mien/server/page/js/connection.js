// Whether the server answers. While it does not, a banner says so and it is asked again and again.
//
//   lost()            a request got no answer
//   answered()        one did
//   const off = onBack(run)   called when the server is there again
//   look()            ask now
//   watch()           ask every few seconds, also when nobody asks for anything

import {icon, h, put} from "./dom.js";
import {t} from "./i18n.js";

const EVERY_MS = 5000, RETRY_MS = 1000, SHOWN_MS = 3000;
const listeners = new Set();
let away = false, timer = 0;

export function onBack(run) {
  listeners.add(run);
  return () => listeners.delete(run);
}

export function lost() {
  if (away) return;
  away = true;
  show("shell.away", "");
  again(RETRY_MS);
}

export function answered() {
  if (!away) return;
  away = false;
  show("shell.back", "back");
  setTimeout(() => { if (!away) document.getElementById("banner").hidden = true; }, SHOWN_MS);
  for (const run of listeners) run();
}

export function watch() {
  again(EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
}

function again(delay) {
  clearTimeout(timer);
  timer = setTimeout(look, delay);
}

export async function look() {
  if (document.hidden && !away) return again(EVERY_MS);
  try {
    await fetch("/healthz", {cache: "no-store"});
    answered();
  } catch {
    lost();
  }
  again(away ? RETRY_MS : EVERY_MS);
}

function show(text, kind) {
  const banner = document.getElementById("banner");
  banner.className = `banner ${kind}`;
  put(banner, kind ? icon("check") : h("span", {class: "spin"}), h("span", {}, t(text)));
  banner.hidden = false;
}
