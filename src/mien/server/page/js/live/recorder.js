// Records what is seen, boxes included, and the results beside it; and takes single pictures.
//
//   const recorder = new Recorder(canvas)   the canvas that holds picture and boxes
//   recorder.start() · recorder.add(result) · const {video, rows} = await recorder.stop()
//   await snapshot(canvas) → a JPEG

const TYPES = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm"];

export const canRecord = () => Boolean(window.MediaRecorder && TYPES.find((type) => MediaRecorder.isTypeSupported(type)));

export class Recorder {
  #canvas;
  #media = null;
  #parts = [];
  #rows = [];
  #begin = 0;

  constructor(canvas) {
    this.#canvas = canvas;
  }

  get running() {
    return this.#media !== null;
  }

  get seconds() {
    return this.running ? (performance.now() - this.#begin) / 1000 : 0;
  }

  start() {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    [this.#parts, this.#rows, this.#begin] = [[], [], performance.now()];
    this.#media = new MediaRecorder(this.#canvas.captureStream(30), {mimeType, videoBitsPerSecond: 4e6});
    this.#media.addEventListener("dataavailable", ({data}) => this.#parts.push(data));
    this.#media.start(1000);
  }

  // time_s: seconds of the recording
  add(result) {
    if (this.running) this.#rows.push({...result, time_s: Math.round(1000 * this.seconds) / 1000});
  }

  async stop() {
    const media = this.#media;
    this.#media = null;
    await new Promise((done) => { media.addEventListener("stop", done); media.stop(); });
    const type = media.mimeType.split(";")[0];
    const rows = this.#rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    return {video: new Blob(this.#parts, {type}), ending: type.split("/")[1], rows: new Blob([rows], {type: "application/x-ndjson"})};
  }
}

export const snapshot = (canvas) => new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
