import { resolve } from "node:path";
import { compareRuns, comparisonReport } from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { endWithReport } from "./report-result.ts";

interface Options {
  readonly groundTruth?: string;
  readonly report?: string;
  readonly json?: true;
}

export function compareCommand({ signal }: CommandContext) {
  return command(
    "compare",
    "Compare two finished runs: configurations, merges that only one has, and where the results differ.",
    "compare my-volume.run other.run",
    "compare my-volume.run other.run --ground-truth truth.npy --report comparison",
  )
    .argument("<run-a>", "run folder")
    .argument("<run-b>", "run folder")
    .option("--ground-truth <source>", "labels that are right: which run is better in each place")
    .option("--report <folder>", "write report.html, with heat maps of the differences, and its tables there")
    .option("--json", "print JSON")
    .action(async (a: string, b: string, { groundTruth, report, json }: Options) => {
      const comparison = await compareRuns(
        { a: resolve(a), b: resolve(b), ...(groundTruth !== undefined && { groundTruth }) },
        { signal },
      );
      const folder = report === undefined ? null : resolve(report);
      await endWithReport(comparisonReport(comparison), comparison, { folder, json: json === true, signal });
    });
}
