// The videos of this session: sending, following, ending.
//
//   const job = await send(file, {onprogress, signal})     the original stays at hand for playing
//   await jobs() · fileOf(id) · keepFile(id, file) · await removeJob(id)
//   const off = follow(id, (job) => …, (error) => …)       calls at once, then with every progress
//   await readResults(id, onresult, signal)                a Result a line, also while it runs
//   ended(job)

import {Problem, get, remove, stream, upload} from "../api.js";
import {look} from "../connection.js";

const RETRY_MS = 1500;
const files = new Map(); // id → File: nothing of them is kept when the page is closed

export const fileOf = (id) => files.get(id) ?? null;
export const keepFile = (id, file) => files.set(id, file);
export const jobs = async () => (await get("/v1/videos")).videos;
export const ended = (job) => !["queued", "running"].includes(job.state);

export async function send(file, options) {
  const body = new FormData();
  body.append("video", file, file.name);
  const job = await upload("/v1/videos", body, options);
  files.set(job.id, file);
  return job;
}

export async function removeJob(id) {
  await remove(`/v1/videos/${encodeURIComponent(id)}`);
  files.delete(id);
}

export function follow(id, onjob, onerror) {
  let source = null, timer = 0, closed = false;
  const path = `/v1/videos/${encodeURIComponent(id)}`;
  const take = (job) => {
    if (closed) return;
    if (ended(job)) close();
    onjob(job);
  };
  const listen = () => {
    if (closed) return;
    source = new EventSource(`${path}/events`);
    for (const name of ["progress", "done", "failed", "cancelled"]) source.addEventListener(name, ({data}) => take(JSON.parse(data)));
    source.addEventListener("error", () => { // the stream ended, or the server is away
      source.close();
      if (closed) return;
      look();
      timer = setTimeout(begin, RETRY_MS);
    });
  };
  const begin = async () => {
    try {
      const job = await get(path);
      take(job);
      if (!closed) listen();
    } catch (error) {
      if (closed) return;
      if (error instanceof Problem && error.status < 500) onerror(error);
      else timer = setTimeout(begin, RETRY_MS);
    }
  };
  const close = () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
  begin();
  return close;
}

// goes on behind the last line where the connection breaks
export async function readResults(id, onresult, signal) {
  let taken = 0;
  for (;;) {
    try {
      const body = await stream(`/v1/videos/${encodeURIComponent(id)}/results?from=${taken}`, {signal});
      for await (const line of lines(body, signal)) {
        onresult(JSON.parse(line));
        taken += 1;
      }
      if (ended(await get(`/v1/videos/${encodeURIComponent(id)}`, {signal}))) return;
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && error.status < 500)) return;
    }
    await new Promise((done) => setTimeout(done, RETRY_MS));
    if (signal.aborted) return;
  }
}

async function* lines(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  signal.addEventListener("abort", () => reader.cancel().catch(() => {}));
  let rest = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return; // what follows the last line break is not whole
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield part;
  }
}
