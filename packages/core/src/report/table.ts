/** Tables of results, once, and as Markdown, CSV and HTML. */
import { escapeHtml } from "./html.ts";

export interface Column {
  readonly name: string;
  /** Digits after the point for people; CSV has all that there are. */
  readonly digits?: number;
}

export type Cell = string | number | null | Link;

export interface Link {
  readonly text: string;
  readonly href: string;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  /** null: nothing was measured. */
  readonly rows: readonly (readonly Cell[])[];
}

/** Columns padded, so that the source is readable too. */
export function markdownTable({ columns, rows }: Table): string {
  const inCell = (text: string) => text.replaceAll("|", "\\|");
  const cells = rows.map((row) =>
    row.map((cell, i) => inCell(isLink(cell) ? `[${cell.text}](${cell.href})` : textOf(cell, columns[i]!))),
  );
  const heads = columns.map(({ name }) => inCell(name));
  const widths = heads.map((head, i) => Math.max(3, head.length, ...cells.map((row) => row[i]!.length)));
  const line = (parts: readonly string[]) => `| ${parts.map((part, i) => part.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

/** RFC 4180 with `\n`; a link becomes its text. */
export function csvTable({ columns, rows }: Table): string {
  const quote = (cell: Cell) => {
    const text = isLink(cell) ? cell.text : cell === null ? "" : String(cell);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(({ name }) => quote(name)), ...rows.map((row) => row.map(quote))].map((row) => `${row.join(",")}\n`).join("");
}

export function htmlTable({ columns, rows }: Table): string {
  const head = columns.map(({ name }) => `<th>${escapeHtml(name)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell, i) => htmlCell(cell, columns[i]!)).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}

function htmlCell(cell: Cell, column: Column): string {
  if (isLink(cell)) return `<td><a href="${escapeHtml(cell.href)}">${escapeHtml(cell.text)}</a></td>`;
  return `<td${typeof cell === "number" ? ' class="number"' : ""}>${escapeHtml(textOf(cell, column))}</td>`;
}

function isLink(cell: Cell): cell is Link {
  return typeof cell === "object" && cell !== null;
}

function textOf(cell: Exclude<Cell, Link>, { digits }: Column): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (digits !== undefined) return cell.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return cell.toLocaleString("en-US", { maximumFractionDigits: 20 });
}
