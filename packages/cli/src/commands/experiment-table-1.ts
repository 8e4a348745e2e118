import { resolve } from "node:path";
import { experimentTable1, table1Report } from "@axonloom/core";
import { wholeNumber } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";
import { say } from "../output.ts";
import { endWithReport } from "./report-result.ts";

interface Options {
  readonly folder: string;
  readonly size: number;
  readonly workers: number;
  readonly json?: true;
}

export function experimentTable1Command({ signal }: CommandContext) {
  return command(
    "table-1",
    "Where the time of a run goes: segmentation, stitching, writes; room for checkpoints, and time to restore them.",
    "experiment table-1 --folder table-1",
  )
    .option("--folder <folder>", "where everything goes", "table-1")
    .option("--size <voxels>", "edge of the phantom; its subvolumes have 64 voxels", wholeNumber(64, 2048), 320)
    .option("--workers <n>", "worker threads", wholeNumber(1, 1024), 2)
    .option("--json", "print the result as JSON")
    .action(async ({ folder, size, workers, json }: Options) => {
      const request = { folder: resolve(folder), size, workers };
      const result = await experimentTable1(request, { signal, onStep: say });
      await endWithReport(table1Report(result), result, { folder: request.folder, json: json === true, signal });
    });
}
