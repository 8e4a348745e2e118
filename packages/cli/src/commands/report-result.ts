/** How commands end that make a report: in files, and in short on the terminal. */
import { relative } from "node:path";
import { markdownTable, type Report, saveReport } from "@axonloom/core";
import { print, printJson, say } from "../output.ts";

export interface Ending {
  /** Absolute; null: no files. */
  readonly folder: string | null;
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Tables that are for files only. */
  readonly leaveOut?: readonly string[];
}

export async function endWithReport(
  report: Report,
  result: unknown,
  { folder, json, signal, leaveOut = [] }: Ending,
): Promise<void> {
  if (folder !== null) {
    await saveReport(folder, report, result, { signal });
    say(`written: ${relative(process.cwd(), folder) || "."}, with report.html`);
  }
  if (json) return printJson(result);
  for (const part of report.parts) {
    if (part.kind === "text") print(`${part.text}\n`);
    if (part.kind === "table" && !leaveOut.includes(part.name)) {
      print([part.table.title, ...(part.note === undefined ? [] : [part.note])].join("\n"));
      print(part.table.rows.length === 0 ? "nothing\n" : `\n${markdownTable(part.table)}\n`);
    }
  }
}
