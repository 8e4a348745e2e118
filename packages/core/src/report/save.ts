/** A report as files: for browsers, for people, for programs. */
import type { CallOptions } from "../call-options.ts";
import { openKeyValue, putJson } from "../keyvalue/index.ts";
import { reportHtml } from "./page.ts";
import { plotSvg } from "./plot.ts";
import { svgToPng } from "./png.ts";
import { csvTable, markdownTable } from "./table.ts";
import type { Report } from "./types.ts";

/**
 * Writes `report.html`, `report.md`, `result.json` (the data as given), and each table as CSV, each plot as SVG and PNG under its name.
 * `E_WRITE_FAILED` when the folder takes none of them.
 */
export async function saveReport(folder: string, report: Report, data: unknown, options: CallOptions = {}): Promise<void> {
  const store = openKeyValue(folder);
  const put = (name: string, text: string) => store.put(name, new TextEncoder().encode(text), options);
  for (const part of report.parts) {
    if (part.kind === "table") await put(`${part.name}.csv`, csvTable(part.table));
    if (part.kind === "plot") {
      const svg = await plotSvg(part.plot);
      await put(`${part.name}.svg`, svg);
      await store.put(`${part.name}.png`, await svgToPng(svg), options);
    }
  }
  await put("report.md", reportMarkdown(report));
  await put("report.html", await reportHtml(report));
  await putJson(store, "result.json", data, options);
}

/** Texts, tables, and the plots as images that lie beside it; heat maps only have a page. */
export function reportMarkdown({ title, parts }: Report): string {
  const inner = parts.flatMap((part) => {
    if (part.kind === "text") return [part.text];
    if (part.kind === "plot") return [`![${part.plot.title}](${part.name}.svg)`];
    if (part.kind === "heat-map") return [];
    return [`## ${part.table.title}`, ...(part.note === undefined ? [] : [part.note]), markdownTable(part.table)];
  });
  return `${[`# ${title}`, ...inner].join("\n\n")}\n`;
}
