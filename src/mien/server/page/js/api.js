// Asks the server. Every function throws Problem where the server refuses, with a line for people
// in `message`, and Unreachable where it does not answer (the banner says so by itself).
//
//   await get("/v1/models") · await post("/v1/log/persons", {…}) · await remove(path, {headers})
//   await send("POST", path, {body, headers, signal})   any body; answers JSON, or null for 204
//   await blob(path, options)                           the same, for files and pictures
//   upload(path, body, {headers, onprogress, signal})   with progress: 0 to 1

import {answered, lost} from "./connection.js";
import {capital, t} from "./i18n.js";

export class Problem extends Error {
  constructor({status = 500, title = "", detail = ""} = {}, retryAfter = null) {
    super(capital(detail || title || t("shell.failed")));
    Object.assign(this, {name: "Problem", status, title, retryAfter});
  }
}

export class Unreachable extends Error {
  constructor() {
    super(t("shell.unreachable"));
    this.name = "Unreachable";
  }
}

const BUSY = [429, 503];
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

async function request(method, path, {body, headers, signal, tries = 1} = {}) {
  let answer;
  try {
    answer = await fetch(path, {method, body, headers, signal, credentials: "same-origin", cache: "no-store"});
  } catch (error) {
    if (signal?.aborted) throw error;
    lost();
    throw new Unreachable();
  }
  answered();
  if (answer.ok) return answer;
  const retryAfter = Number(answer.headers.get("Retry-After")) || null;
  if (BUSY.includes(answer.status) && tries > 1) {
    await wait(Math.min(retryAfter || 1, 10));
    return request(method, path, {body, headers, signal, tries: tries - 1});
  }
  throw new Problem(await answer.json().catch(() => ({status: answer.status, title: answer.statusText})), retryAfter);
}

export async function send(method, path, options) {
  const answer = await request(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

export const get = (path, options) => send("GET", path, options);
export const remove = (path, options) => send("DELETE", path, options);
export const post = (path, value, options = {}) =>
  send("POST", path, {...options, body: JSON.stringify(value ?? {}), headers: {"Content-Type": "application/json", ...options.headers}});
export const blob = async (path, {method = "GET", ...options} = {}) => (await request(method, path, options)).blob();
export const text = async (path, options) => (await request("GET", path, options)).text();
export const stream = async (path, options) => (await request("GET", path, options)).body;

// fetch reports no progress of what it sends
export function upload(path, body, {headers = {}, onprogress, signal} = {}) {
  return new Promise((done, fail) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    call.responseType = "json";
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.addEventListener("progress", (event) => onprogress?.(event.loaded / Math.max(event.total, 1)));
    call.addEventListener("load", () => {
      answered();
      if (call.status < 300) done(call.response);
      else fail(new Problem(call.response || {status: call.status, title: call.statusText}, Number(call.getResponseHeader("Retry-After")) || null));
    });
    call.addEventListener("error", () => { lost(); fail(new Unreachable()); });
    call.addEventListener("abort", () => fail(new DOMException("", "AbortError")));
    signal?.addEventListener("abort", () => call.abort());
    call.send(body);
  });
}
