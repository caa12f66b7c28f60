// Plays the original from the reader's own disk, with boxes on a canvas in step with it.
//
//   const player = new Player(frames, (seconds) => …)   player.element · player.open(file)
//   player.jump(seconds) · player.toggle() · player.close() · player.plays

import {h, put} from "../dom.js";
import {t} from "../i18n.js";
import {message} from "../notices.js";
import {drawFaces} from "../shared/boxes.js";

const NEAR_S = 0.05;

export class Player {
  element = h("div", {class: "player stack tight", hidden: true});
  plays = false;
  #frames;
  #ontime;
  #video = null;
  #canvas = null;
  #address = "";
  #resize = null;
  #wanted = null; // where a jump leads: frames that arrive late tell no other time

  constructor(frames, ontime) {
    this.#frames = frames;
    this.#ontime = ontime;
  }

  open(file) {
    this.close();
    this.#address = URL.createObjectURL(file);
    const video = h("video", {src: this.#address, controls: true, playsinline: true, preload: "auto", "aria-label": file.name});
    const canvas = h("canvas", {class: "overlay", "aria-hidden": "true"});
    const scene = h("div", {class: "scene"}, h("div", {class: "fit"}, video, canvas));
    Object.assign(this, {plays: true});
    [this.#video, this.#canvas] = [video, canvas];
    video.addEventListener("error", () => this.#fail());
    video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) this.#fail(); }); // sound alone
    video.addEventListener("play", () => { this.#wanted = null; });
    video.addEventListener("seeked", () => { // by its own controls: what jump asked for is known
      if (this.#wanted === null || Math.abs(video.currentTime - this.#wanted) > NEAR_S) this.#ontime(video.currentTime);
      this.draw();
    });
    this.#resize = new ResizeObserver(() => this.draw());
    this.#resize.observe(video);
    if (video.requestVideoFrameCallback) {
      const step = (now, {mediaTime}) => {
        if (this.#video !== video) return;
        if (!video.paused && !video.seeking) this.#ontime(mediaTime);
        this.draw(mediaTime);
        video.requestVideoFrameCallback(step);
      };
      video.requestVideoFrameCallback(step);
    } else {
      video.addEventListener("timeupdate", () => {
        if (!video.paused) this.#ontime(video.currentTime);
        this.draw();
      });
    }
    this.element.hidden = false;
    put(this.element, scene);
  }

  #fail() {
    this.plays = false;
    put(this.element, message([h("b", {}, t("video.unplayable")), t("video.unplayable_help")], "warn"));
    this.#forget();
  }

  draw(seconds = this.#video?.currentTime) {
    const canvas = this.#canvas;
    if (!canvas) return;
    const ratio = devicePixelRatio || 1, width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    canvas.dataset.ratio = ratio;
    const pen = canvas.getContext("2d"), {faces, width: whole} = this.#frames.at(seconds);
    pen.clearRect(0, 0, width, height);
    drawFaces(pen, faces, {scale: width / whole, width});
  }

  jump(seconds) {
    // a little later: browsers show the frame before if a time is rounded down
    if (!this.plays) return;
    this.#wanted = Math.max(0, seconds + 1e-3);
    this.#video.currentTime = this.#wanted;
  }

  toggle() {
    if (!this.plays) return;
    if (this.#video.paused) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  #forget() {
    this.#resize?.disconnect();
    if (this.#address) URL.revokeObjectURL(this.#address);
    [this.#video, this.#canvas, this.#address] = [null, null, ""];
  }

  close() {
    this.#video?.pause();
    this.#forget();
  }
}
