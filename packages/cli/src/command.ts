/** What the commands share: how they end, and options that several of them take. */
import type { CreateSegmentationResult, RunSummary } from "@axonloom/core";
import { Command } from "commander";
import { memory, wholeNumber } from "./arguments.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { formatBytes, formatCount, formatNumber, formatSeconds } from "./format.ts";
import { say, table } from "./output.ts";

export interface CommandContext {
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that ended without an error. */
  end(code: ExitCode): void;
}

/** A command with an example in its help. */
export function command(name: string, description: string, ...examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ axonloom ${example}`).join("\n");
  return new Command(name)
    .description(description)
    .addHelpText("after", `\n${examples.length === 1 ? "Example" : "Examples"}:\n${lines}`);
}

export interface ResourceOptions {
  readonly workers?: number;
  readonly memory?: number;
}

export function withResources(target: Command): Command {
  return target
    .option("--workers <n>", "worker threads; by default as many as cores and memory allow", wholeNumber(1, 1024))
    .option("--memory <size>", "memory to plan with, as in 8GB; by default what the machine has", memory);
}

/** The same as `WorkerOptions` of the core. */
export function resources({ workers, memory: memoryBytes }: ResourceOptions) {
  return { ...(workers !== undefined && { workers }), ...(memoryBytes !== undefined && { memoryBytes }) };
}

/** Ends a command that made a segmentation: what the result lacks is listed. */
export function endRun(context: CommandContext, { certificate }: CreateSegmentationResult): void {
  if (certificate.complete) return;
  const missing = certificate["voxels-expected"] - certificate["voxels-written"];
  say(
    `axonloom: incomplete: ${formatNumber(certificate.gaps.length, "subvolume")} (${formatNumber(missing, "voxel")}) could not be segmented:`,
  );
  for (const { subvolume, core, error } of certificate.gaps) {
    const corners = core.map((corner) => corner.join(", ")).join(" to ");
    say(`  subvolume ${subvolume} (x, y, z ${corners}): ${error.code === null ? "" : `${error.code}: `}${error.message}`);
  }
  context.end(EXIT.incomplete);
}

export function summaryTable(summary: RunSummary): string {
  return table([
    [
      "bodies",
      `${formatCount(summary.bodies)} (from ${formatNumber(summary.segments, "segment")}, ${formatNumber(summary.matches, "match", "matches")})`,
    ],
    ["voxels", formatCount(summary.voxels)],
    ["subvolumes", `${formatCount(summary.subvolumes)} (${summary.restored} from checkpoints, ${summary.quarantined} quarantined)`],
    ["checkpoints", checkpointText(summary)],
    ["time", formatSeconds(summary.seconds)],
    ["digest", summary.digest],
    ...(hasVersion(summary)
      ? [["read", summary.input] as const, ["written", summary.output] as const]
      : [["output", summary.output] as const]),
    ["run folder", summary["run-folder"]],
  ]);
}

/** On a server with versions it matters which of them were read and written. */
function hasVersion({ input, output }: RunSummary): boolean {
  return [input, output].some((source) => source.startsWith("dvid://"));
}

/** Against labels of 64 bits, uncompressed. */
function checkpointText({ "checkpoint-bytes": bytes, "checkpoint-bytes-per-voxel": perVoxel }: RunSummary): string {
  return `${formatBytes(bytes)}, ${perVoxel.toPrecision(2)} bytes a voxel, ${Math.round(8 / perVoxel)}:1 against 8 bytes`;
}
