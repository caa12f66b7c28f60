// Videos: send one and watch its progress; then scrub through it (#/video/ID).

import {showJob} from "../video/job.js";
import {showList} from "../video/list.js";

export const title = "video.title";
export const styles = ["live", "video"];

export function mount(root, app) {
  const [id] = app.args;
  return id ? showJob(root, app, id) : showList(root, app);
}
