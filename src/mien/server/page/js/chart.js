// uPlot, loaded when the first chart is drawn: const uPlot = await plot();

let loading = null;

export function plot() {
  loading ??= Promise.all([add("link", {rel: "stylesheet", href: "vendor/uplot/uPlot.min.css"}), add("script", {src: "vendor/uplot/uPlot.iife.min.js"})])
    .then(() => window.uPlot);
  return loading;
}

function add(tag, properties) {
  return new Promise((done, fail) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.addEventListener("load", done);
    element.addEventListener("error", () => fail(new Error(properties.src || properties.href)));
    document.head.append(element);
  });
}
