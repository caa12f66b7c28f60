// Builds elements; text is always text, never HTML.
//
//   h("button", {class: "button", type: "button", onclick: run, "aria-label": t("…")}, icon("x"), " text")
//   h("li", {style: {"--color": "#fff"}, dataset: {id: 3}, hidden: true}, [children, or null])
//   put(element, ...children)   replaces what is in it
//   icon("camera")              an <svg>, hidden from screen readers

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...flat(children));
  return element;
}

export function put(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, part] of Object.entries(value)) element.style.setProperty(key, part);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (["value", "checked", "muted", "srcObject", "indeterminate"].includes(name)) element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

// 24 × 24, drawn with lines of the text's colour
const PATHS = {
  alert: "M12 4 2.5 20h19L12 4ZM12 10v4.5M12 17.2v.3",
  back: "M19 12H5M11 6l-6 6 6 6",
  bolt: "M13 3 5 13.5h6L10.5 21 19 10h-6.5L13 3Z",
  camera: "M4 8.5A1.5 1.5 0 0 1 5.5 7h2L9 4.800h6L16.5 7h2A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM12 9.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
  check: "m5 12.5 4.5 4.5L19 7.5",
  chip: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7.5V12l3 2",
  download: "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
  face: "M3 8V5a2 2 0 0 1 2-2h3M16 3h3a2 2 0 0 1 2 2v3M21 16v3a2 2 0 0 1-2 2h-3M8 21H5a2 2 0 0 1-2-2v-3M9 9.5v1M15 9.5v1M8.5 14.5c2 2 5 2 7 0",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 11v5M12 8v.2",
  key: "M15.5 3.5a5 5 0 1 0-4.700 6.700L4 17v3.5h3.5V18H10v-2.5h2l1.800-1.800A5 5 0 0 0 15.5 3.5ZM16.5 7.300v.2",
  mirror: "M12 3v18M9 7 3.5 17H9ZM15 7l5.5 10H15Z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  pause: "M8.5 5v14M15.5 5v14",
  people: "M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 5a3.200 3.200 0 0 1 0 6.200M18 14.300c2.200.8 3.5 2.700 3.5 5.700",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.5 20.5c0-4 3.5-6 7.5-6s7.5 2 7.5 6",
  picture: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 8.800v.2",
  play: "M8 5v14l11-7L8 5Z",
  plus: "M12 5v14M5 12h14",
  record: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z",
  shield: "M12 3 4.5 6v5.5c0 4.5 3 8 7.5 9.5 4.5-1.5 7.5-5 7.5-9.5V6L12 3Z",
  stop: "M6 6h12v12H6z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  trash: "M4.5 7h15M9.5 7V4h5v3M6.5 7l1 13.5h9L17.5 7M10 11v6M14 11v6",
  x: "M6 6l12 12M18 6 6 18",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
