// Sends frames of a video element over WS /v1/live, one at a time: the next one is taken when the
// answer to the last is there, so a slow network or server sees fewer frames, never a queue.
//
//   const stream = new LiveStream(video, {onresult(result, {t, latency}), onstate(state, reason), onrecording(who, problem)})
//   stream.start() · stream.pause() · stream.resume() · stream.stop() · stream.record("P-01" or null)
//   stream.rate → results a second   stream.latency → milliseconds
//
// States: "connecting", "running", "waiting" (connects again), "refused" (the server does not let
// this session in).

import {look} from "../connection.js";

const SIDE = 640, QUALITY = 0.85; // of a frame: what the detector needs, and no more
const LEAST_MS = 33, LATE_MS = 15000, UNREAD_MS = 1000, RETRY_MS = [500, 1000, 2000, 4000];
const NOT_ALLOWED = 1008, TOO_MANY = 1013;

export class LiveStream {
  latency = 0;
  #video;
  #on;
  #canvas = document.createElement("canvas");
  #socket = null;
  #sent = 0; // when the frame in flight was taken; 0: none is
  #timer = 0;
  #tries = 0;
  #paused = false;
  #stopped = false;
  #times = [];
  #record = null;

  constructor(video, handlers) {
    this.#video = video;
    this.#on = handlers;
  }

  get rate() {
    const since = performance.now() - 2000;
    this.#times = this.#times.filter((time) => time > since);
    return this.#times.length / 2;
  }

  // seconds from one result to the next
  get pace() {
    return this.rate ? 1 / this.rate : 2;
  }

  start() {
    this.#on.onstate("connecting");
    const address = new URL("/v1/live?smooth=0.5", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({data}) => this.#answer(JSON.parse(data)));
    socket.addEventListener("close", ({code, reason}) => { if (socket === this.#socket) this.#closed(code, reason); });
    this.#socket = socket;
  }

  #answer(message) {
    if (message.hello) {
      this.#tries = 0;
      this.#on.onstate("running");
      if (this.#record !== null) this.record(this.#record);
      this.#sent = 0;
      this.#next();
    } else if (message.result) {
      const now = performance.now();
      this.latency = this.latency ? 0.8 * this.latency + 0.2 * (now - this.#sent) : now - this.#sent;
      this.#times.push(now);
      this.#on.onresult(message.result, {t: this.#sent / 1000, size: [this.#canvas.width, this.#canvas.height]});
      const taken = this.#sent;
      this.#sent = 0;
      this.#next(LEAST_MS - (now - taken));
    } else if ("recording" in message) {
      this.#record = message.recording?.person ?? null;
      this.#on.onrecording(this.#record, message.problem);
    } else if (message.problem) { // of one frame: the next may be better
      this.#sent = 0;
      this.#next(UNREAD_MS);
    }
  }

  #next(delay = 0) {
    clearTimeout(this.#timer);
    if (this.#paused || this.#stopped) return;
    if (delay > 1) this.#timer = setTimeout(() => this.#send(), delay);
    else this.#send();
  }

  async #send() {
    const {videoWidth: width, videoHeight: height} = this.#video, socket = this.#socket;
    if (this.#sent || this.#paused || socket?.readyState !== WebSocket.OPEN) return;
    if (!width) return this.#next(50);
    const scale = Math.min(1, SIDE / Math.max(width, height));
    Object.assign(this.#canvas, {width: Math.round(width * scale), height: Math.round(height * scale)});
    this.#canvas.getContext("2d", {alpha: false}).drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    const sent = this.#sent = performance.now();
    const frame = await new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!frame || socket.readyState !== WebSocket.OPEN) { this.#sent = 0; return; }
    socket.send(frame);
    this.#timer = setTimeout(() => { if (this.#sent === sent) socket.close(); }, LATE_MS); // no answer: connect again
  }

  #closed(code, reason) {
    clearTimeout(this.#timer);
    this.#sent = 0;
    if (this.#stopped || this.#paused) return; // without frames the server ends it; resume connects again
    if (code === NOT_ALLOWED) return this.#on.onstate("refused", reason);
    this.#on.onstate("waiting", code === TOO_MANY ? "busy" : "");
    if (code !== TOO_MANY) look();
    this.#timer = setTimeout(() => this.start(), RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]);
  }

  record(person) {
    this.#record = person;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({record: person === null ? null : {person}}));
  }

  pause() {
    this.#paused = true;
  }

  resume() {
    this.#paused = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#next();
    else this.start();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }
}
