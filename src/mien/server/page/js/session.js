// Who uses the page, and what they may.
//
//   await start()          reads GET /v1/session; a start code in the address logs in first
//   hasCode()              whether the address has a start code
//   session()              {name, role, log_in, log, version, labels, limits}
//   may("care")            whether the role suffices: analyse < watch < care < admin
//   logInForm(done)        the form for a token, an element
//   await logOut() · onChange(run) → off

import {Problem, get, post, remove} from "./api.js";
import {h} from "./dom.js";
import {t} from "./i18n.js";
import {notice, problem} from "./notices.js";

const ROLES = ["none", "analyse", "watch", "care", "admin"];
const START = /^#start=(.+)$/;
const listeners = new Set();
let current = {name: null, role: "none", log_in: false, log: false, version: "", labels: [], limits: {}};

export const session = () => current;
export const may = (role) => ROLES.indexOf(current.role) >= ROLES.indexOf(role);

export function onChange(run) {
  listeners.add(run);
  return () => listeners.delete(run);
}

function keep(answer) {
  current = answer;
  for (const run of listeners) run(current);
}

export const hasCode = () => START.test(location.hash);

export async function start() {
  const code = START.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname); // a code in the address would be kept in the history
    try {
      return keep(await post("/v1/session", {code: decodeURIComponent(code)}));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      notice(error.message, "warn");
    }
  }
  await refresh();
}

export async function refresh() {
  keep(await get("/v1/session"));
}

export async function logOut() {
  await remove("/v1/session");
  await refresh();
}

export function logInForm(done) {
  const place = h("div", {});
  const input = h("input", {class: "input", id: "token", name: "token", type: "password", autocomplete: "current-password", required: true,
    spellcheck: "false", placeholder: "mien_…", "aria-describedby": "token-help"});
  const button = h("button", {class: "button primary", type: "submit"}, t("shell.log_in"));
  const run = async (event) => {
    event.preventDefault();
    button.disabled = true;
    place.replaceChildren();
    try {
      keep(await post("/v1/session", {token: input.value.trim()}));
      done?.();
    } catch (error) {
      input.setAttribute("aria-invalid", "true");
      place.replaceChildren(problem(error.status === 401 ? new Error(t("shell.token_wrong")) : error));
      input.focus();
    } finally {
      button.disabled = false;
    }
  };
  return h("form", {class: "stack", onsubmit: run},
    h("div", {class: "field"}, h("label", {for: "token"}, t("shell.token")), input,
      h("span", {class: "note small", id: "token-help"}, t("shell.token_help"))),
    place, button);
}
