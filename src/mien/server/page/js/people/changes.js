// Other windows and people change alerts and consents too: asks every two seconds whether any did.
// The answer holds no person's data and is not noted in the audit trail; what is read again then is.

import {Problem, get} from "../api.js";
import {onBack} from "../connection.js";

const EVERY_MS = 2000;
const LASTING = [401, 403, 404]; // logged out, or no log any more

/** Calls `run(what)` after a change: what is {alerts: true, persons: true}. Gives a function that ends it. */
export function onChanges(run) {
  let known = null, ended = false, timer = 0;

  async function look() {
    if (!document.hidden) {
      try {
        const found = await get("/v1/log/changes");
        const what = known && Object.fromEntries(Object.keys(found).filter((name) => found[name] !== known[name]).map((name) => [name, true]));
        known = found;
        if (!ended && what && Object.keys(what).length) await run(what);
      } catch (error) {
        if (error instanceof Problem && LASTING.includes(error.status)) return;
        // otherwise the banner says that the server is away, and the next look tries again
      }
    }
    if (!ended) timer = setTimeout(look, EVERY_MS);
  }

  const soon = () => {
    clearTimeout(timer);
    if (!ended) look();
  };
  const back = onBack(soon);
  const seen = () => { if (!document.hidden) soon(); };
  document.addEventListener("visibilitychange", seen);
  look();
  return () => {
    ended = true;
    clearTimeout(timer);
    back();
    document.removeEventListener("visibilitychange", seen);
  };
}
