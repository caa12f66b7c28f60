// Files that somebody drops anywhere on a view, pastes, or picks.
//
//   const off = takeFiles(root, (files) => …)     drop (also whole folders) and paste
//   pick({accept: "image/*", multiple: true})     → Promise of files, from the system's dialog
//   save(blob, "faces.csv")                       hands a file to the browser's downloads

import {h} from "../dom.js";

export function takeFiles(root, onfiles) {
  let depth = 0;
  const over = (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); };
  const enter = () => root.classList.toggle("dropping", ++depth > 0);
  const leave = () => root.classList.toggle("dropping", (depth = Math.max(0, depth - 1)) > 0);
  const drop = async (event) => {
    event.preventDefault();
    depth = 0;
    root.classList.remove("dropping");
    give(await dropped(event.dataTransfer));
  };
  const paste = (event) => give([...(event.clipboardData?.files || [])]);
  const give = (files) => { if (files.length) onfiles(files); };
  const listeners = [["dragover", over], ["dragenter", enter], ["dragleave", leave], ["drop", drop], ["paste", paste]];
  for (const [name, run] of listeners) window.addEventListener(name, run);
  return () => { for (const [name, run] of listeners) window.removeEventListener(name, run); };
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(walk))).flat();
}

async function walk(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader(), found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) break;
    found.push(...some);
  }
  found.sort((a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}));
  return (await Promise.all(found.filter((inner) => !inner.name.startsWith(".")).map(walk))).flat();
}

export function pick({accept, multiple = false}) {
  return new Promise((done) => {
    const input = h("input", {type: "file", accept, multiple});
    input.addEventListener("change", () => done([...input.files]));
    input.addEventListener("cancel", () => done([]));
    input.click();
  });
}

export function save(blob, name) {
  const link = h("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
