// How far a video is, in words.
//
//   stateChip(job) → an element   shareDone(job) → 0 to 1, or null where nobody knows

import {h} from "../dom.js";
import {t} from "../i18n.js";

const KINDS = {done: "good", failed: "alert", cancelled: "warn", running: "accent", queued: ""};

export const stateChip = (job) => h("span", {class: `chip ${KINDS[job.state] ?? ""}`}, t(`video.states.${job.state}`));

export function shareDone({state, progress}) {
  if (state === "done") return 1;
  if (progress.of) return Math.min(1, progress.frames / progress.of);
  if (progress.duration_s) return Math.min(1, progress.time_s / progress.duration_s);
  return null;
}
