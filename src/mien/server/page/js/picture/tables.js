// The results as files: the same CSV and JSON as `mien analyze --format csv` and `--format json`.
//
//   toCsv(results, labels) → text    toJson(results) → text

const COLUMNS = ["source", "face", "expression", "prob", "score", "x1", "y1", "x2", "y2", "small"];
const RESERVED = new Set([...COLUMNS, "frame_index", "time_s", "track_id", "usable", "raw_expression", "carried", "valence", "arousal", "file"]);
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

export const toJson = (results) => (results.length ? `[\n${results.map((result) => JSON.stringify(result)).join(",\n")}\n]\n` : "[]\n");

export function toCsv(results, labels) {
  const faces = results.flatMap((result) => result.faces);
  const names = faces.length ? Object.keys(faces[0].probs) : labels;
  const affect = ["valence", "arousal"].filter((name) => faces.some((face) => name in face));
  const lines = [[...COLUMNS, ...names.map((label) => column(label, names)), ...affect]];
  for (const {source, faces: seen} of results) {
    for (const face of seen) {
      const prob = face.probs[face.expression] ?? Math.max(...Object.values(face.probs));
      lines.push([source, face.face, face.expression, real(prob), real(face.score), ...face.box.map(real), face.small ? "True" : "False",
        ...names.map((label) => real(face.probs[label])), ...affect.map((name) => real(face[name]))]);
    }
    if (!seen.length) lines.push([source, ...Array(lines[0].length - 1).fill("")]);
  }
  return lines.map((line) => `${line.map(cell).join(",")}\n`).join("");
}

// a label may be called like another column
function column(label, labels) {
  let name = label;
  while (RESERVED.has(name) || (name !== label && labels.includes(name))) name = `prob_${name}`;
  return name;
}

// as Python writes a float: 1.0, 1e-05
function real(value) {
  if (typeof value !== "number") return "";
  if (Number.isInteger(value)) return value.toFixed(1);
  return Math.abs(value) < 1e-4 ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : String(value);
}

function cell(value) {
  let text = String(value);
  if (FORMULA.test(text) && Number.isNaN(Number(text))) text = `'${text}`; // no spreadsheet runs it
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
