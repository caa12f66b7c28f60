// The pictures that were given, and their results: a few a request, one request at a time.
//
//   queue.add(files) · queue.clear() · queue.items · queue.on(run) → off
//
// An item: {name, file, url, state: "waiting" | "working" | "done" | "failed", result, reason, unread}.
// A picture that fails keeps its reason, the others go on. Without an answer from the server, all
// wait until it is back. The queue outlives the view: whoever comes back finds the pictures again.

import {Problem, Unreachable, send} from "../api.js";
import {onBack} from "../connection.js";
import {bytes, capital, t} from "../i18n.js";
import {session} from "../session.js";

const MOST = 4, MOST_BYTES = 12e6; // pictures and bytes of one request
const UNREAD = 422; // the file itself is the reason
const TRIES = 8; // where the server says that it is busy

class Queue {
  items = [];
  #listeners = new Set();
  #running = false;
  #stop = new AbortController();

  constructor() {
    onBack(() => this.#run());
  }

  on(run) {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  #tell(items) {
    for (const run of this.#listeners) run(items);
  }

  add(files) {
    const most = session().limits.body_bytes || Infinity;
    const added = files.map((file) => {
      const item = {name: file.name || t("picture.pasted"), file, url: URL.createObjectURL(file), state: "waiting", result: null, reason: ""};
      if (file.size > most) Object.assign(item, {state: "failed", reason: t("picture.too_large", {size: bytes(file.size), most: bytes(most)})});
      return item;
    });
    this.items.push(...added);
    this.#tell(added);
    this.#run();
    return added;
  }

  clear() {
    this.#stop.abort();
    this.#stop = new AbortController();
    for (const item of this.items) URL.revokeObjectURL(item.url);
    this.items = [];
    this.#running = false;
    this.#tell([]);
  }

  get busy() {
    return this.items.some((item) => item.state === "waiting" || item.state === "working");
  }

  #next() {
    const batch = [];
    let size = 0;
    const most = this.items.some((item) => item.state === "done") ? MOST : 1; // the first answer comes soonest alone
    for (const item of this.items) {
      if (item.state !== "waiting") continue;
      if (batch.length && (batch.length >= most || size + item.file.size > MOST_BYTES)) break;
      batch.push(item);
      size += item.file.size;
    }
    return batch;
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    const {signal} = this.#stop;
    for (let batch = this.#next(); batch.length; batch = this.#next()) {
      if (!(await this.#analyze(batch, signal))) break;
    }
    if (!signal.aborted) this.#running = false;
  }

  // whether to go on
  async #analyze(batch, signal) {
    this.#set(batch, {state: "working"});
    const body = new FormData();
    for (const item of batch) body.append("pictures", item.file, item.name);
    try {
      const {results} = await send("POST", "/v1/analyze", {body, signal, tries: TRIES});
      batch.forEach((item, at) => {
        const {result, problem} = results[at];
        Object.assign(item, problem ? {state: "failed", reason: capital(problem.detail), unread: problem.status === UNREAD} : {state: "done", result: {...result, source: item.name}});
      });
      this.#tell(batch);
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof Unreachable) {
        this.#set(batch, {state: "waiting"});
        return false;
      }
      if (error instanceof Problem && batch.length > 1) { // one of them spoils the whole request
        for (const item of batch) if (!(await this.#analyze([item], signal))) return false;
      } else {
        this.#set(batch, {state: "failed", reason: error.message});
      }
    }
    return !signal.aborted;
  }

  #set(batch, values) {
    for (const item of batch) Object.assign(item, values);
    this.#tell(batch);
  }
}

export const queue = new Queue();
