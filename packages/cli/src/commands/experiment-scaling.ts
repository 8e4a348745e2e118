import { resolve } from "node:path";
import { experimentScaling, scalingReport } from "@axonloom/core";
import { wholeNumbers } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";
import { say } from "../output.ts";
import { endWithReport } from "./report-result.ts";

interface Options {
  readonly folder: string;
  readonly edges: readonly number[];
  readonly workers: readonly number[];
  readonly json?: true;
}

export function experimentScalingCommand({ signal }: CommandContext) {
  return command(
    "scaling",
    "Time and memory of a run against the size of the volume and the number of workers, with fitted exponents.",
    "experiment scaling --folder scaling",
    "experiment scaling --edges 2,4 --workers 1,2,4",
  )
    .option("--folder <folder>", "where everything goes", "scaling")
    .option("--edges <n,...>", "sizes: subvolumes along an edge", positives, [2, 3, 4, 5])
    .option("--workers <n,...>", "worker threads", positives, [1, 2])
    .option("--json", "print the result as JSON")
    .action(async ({ folder, edges, workers, json }: Options) => {
      const request = { folder: resolve(folder), edges, workers };
      const result = await experimentScaling(request, { signal, onStep: say });
      await endWithReport(scalingReport(result), result, { folder: request.folder, json: json === true, signal });
    });
}

function positives(text: string): number[] {
  return wholeNumbers(text, 1);
}
