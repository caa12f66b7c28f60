// Shapes of SVG as elements.

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG with attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A path through places [x, y]. */
export const path = (places) => `M${places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

/** A diamond around a place. */
export const diamond = (x, y, size) => `${path([[x, y - size], [x + size, y], [x, y + size], [x - size, y]])}Z`;
