// Values of cards as text: lists, tables in tables, switches.

/** A value as one line; empty for what is missing. */
export function asText(value, number) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "boolean") return value ? "✓" : "–";
  if (typeof value === "number") return number(value, {maximumSignificantDigits: 6, useGrouping: false});
  if (Array.isArray(value)) return value.map((one) => asText(one, number)).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([key, one]) => [key, asText(one, number)]).filter(([, one]) => one).map((pair) => pair.join(" ")).join(", ");
  return String(value);
}
