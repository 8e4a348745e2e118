import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { experimentTable2, isTestVolumeAvailable, TEST_VOLUMES, type TestVolumeName, table2Report } from "@axonloom/core";
import { listOf, wholeNumber } from "../arguments.ts";
import { type CommandContext, command, type ResourceOptions, resources, withResources } from "../command.ts";
import { say } from "../output.ts";
import { endWithReport } from "./report-result.ts";

interface Options extends ResourceOptions {
  readonly folder: string;
  readonly size: number;
  readonly volumes?: readonly TestVolumeName[];
  readonly data?: string;
  readonly json?: true;
}

export function experimentTable2Command({ signal }: CommandContext) {
  return withResources(
    command(
      "table-2",
      "False merges and splits of each stitching policy, on clean and damaged volumes with ground truth.",
      "experiment table-2 --folder table-2",
      "experiment table-2 --folder table-2 --volumes medulla,mushroom-body",
    ),
  )
    .option("--folder <folder>", "where everything goes", "table-2")
    .option("--size <voxels>", "edge of the phantoms; their subvolumes have 64 voxels", wholeNumber(64, 2048), 320)
    .option("--volumes <names>", `some of ${TEST_VOLUMES.join(", ")}; by default all that are there`, listOf(TEST_VOLUMES))
    .option("--data <folder>", "folder with fib25-training2 and gala; by default AXONLOOM_DATA, then ../shared/data")
    .option("--json", "print the result as JSON")
    .action(async (options: Options) => {
      const dataFolder = dataFolderOf(options.data);
      const volumes = options.volumes ?? available(dataFolder);
      const request = { folder: resolve(options.folder), size: options.size, volumes, dataFolder, ...resources(options) };
      const result = await experimentTable2(request, { signal, onStep: say });
      await endWithReport(table2Report(result), result, {
        folder: request.folder,
        json: options.json === true,
        signal,
        leaveOut: ["table-2"],
      });
    });
}

function dataFolderOf(given: string | undefined): string | null {
  const folder = resolve(given ?? process.env["AXONLOOM_DATA"] ?? "../shared/data");
  return given !== undefined || existsSync(folder) ? folder : null;
}

function available(dataFolder: string | null): readonly TestVolumeName[] {
  const there = TEST_VOLUMES.filter((name) => isTestVolumeAvailable(name, dataFolder));
  const missing = TEST_VOLUMES.filter((name) => !there.includes(name));
  if (missing.length > 0)
    say(`warning: ${missing.join(" and ")} left out, since their data are not there; name their folder with --data`);
  return there;
}
