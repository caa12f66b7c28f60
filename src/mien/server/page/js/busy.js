// What has been asked for is not asked for again while the answer is on its way.
//
//   await once(element, async () => …)   undefined, without a call, while the last one for `element` runs
//
// Meanwhile the element is marked (aria-busy, dashed buttons); after two seconds a message says what is waited for.

import {t} from "./i18n.js";
import {waiting} from "./notices.js";

const SOON_MS = 2000;

export async function once(element, run) {
  if (element.getAttribute("aria-busy") === "true") return undefined;
  element.setAttribute("aria-busy", "true");
  let done = null;
  const timer = setTimeout(() => { done = waiting(t("shell.waiting")); }, SOON_MS);
  try {
    return await run();
  } finally {
    clearTimeout(timer);
    done?.();
    element.removeAttribute("aria-busy");
  }
}
