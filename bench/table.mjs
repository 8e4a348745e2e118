/** Records as a table for people. */

/** `columns`: [heading, record → text]. */
export function formatTable(records, columns) {
  const rows = [columns.map(([heading]) => heading), ...records.map((record) => columns.map(([, text]) => text(record)))];
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows
    .map((row) => row.map((text, c) => (c === 0 ? text.padEnd(widths[c]) : text.padStart(widths[c]))).join("  "))
    .join("\n");
}

export const number = (value, digits = 3) => (typeof value === "number" ? String(Number(value.toPrecision(digits))) : "");
export const megabytes = (value) => (typeof value === "number" ? `${Math.round(value / 1e6)}` : "");
