import { resolve } from "node:path";
import { type RunFolderStatus, readRunStatus } from "@axonloom/core";
import { type CommandContext, command, summaryTable } from "../command.ts";
import { formatCount } from "../format.ts";
import { print, printJson, table } from "../output.ts";

export function statusCommand(_context: CommandContext) {
  return command("status", "Say how far a run is, and what it has made.", "status my-volume.run", "status my-volume.run --json")
    .argument("<run>", "run folder")
    .option("--json", "print JSON")
    .action(async (folder: string, options: { readonly json?: true }) => {
      const status = await readRunStatus(resolve(folder));
      if (options.json) printJson(status);
      else print(statusText(status));
    });
}

const MEANING = {
  running: "running",
  stopped: "stopped without a word (killed?); run it again to go on",
  complete: "complete",
  incomplete: "incomplete: some subvolumes could not be segmented",
  failed: "failed; run it again to go on",
  interrupted: "interrupted; run it again to go on",
} as const;

function statusText(status: RunFolderStatus): string {
  const rows: [string, string][] = [["state", MEANING[status.status]]];
  if (status.stage !== null && status.status !== "complete" && status.status !== "incomplete") {
    rows.push(["stage", `${status.stage}, ${formatCount(status.done)} of ${formatCount(status.total)}`]);
  }
  rows.push(["updated", status.updated]);
  if (status.quarantined > 0) rows.push(["quarantined", formatCount(status.quarantined)]);
  if (status.error !== null) rows.push(["error", status.error]);
  const parts = [table(rows)];
  const { summary, certificate } = status;
  if (summary !== null) parts.push(summaryTable(summary));
  if (certificate !== null) {
    const written = formatCount(certificate["voxels-written"]);
    const lines = [`coverage: ${written} of ${formatCount(certificate["voxels-expected"])} voxels written`];
    for (const { subvolume, core, error } of certificate.gaps) {
      lines.push(
        `  gap: subvolume ${subvolume} (x, y, z ${core.map((corner) => corner.join(", ")).join(" to ")}): ${error.message}`,
      );
    }
    parts.push(lines.join("\n"));
  }
  return parts.join("\n\n");
}
