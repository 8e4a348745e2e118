import { describeVolume, type VolumeDescription } from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { formatBytes, formatCount } from "../format.ts";
import { print, printJson, table } from "../output.ts";

export function infoCommand({ signal }: CommandContext) {
  return command("info", "Describe a volume.", "info precomputed://segmentation", "info gray.npy.gz --json")
    .argument("<source>", "name of a volume")
    .option("--json", "print JSON")
    .action(async (source: string, options: { readonly json?: true }) => {
      const description = await describeVolume(source, { signal });
      if (options.json) printJson(description);
      else print(infoTable(description));
    });
}

function infoTable(volume: VolumeDescription): string {
  const grid = volume["write-grid-xyz"];
  return table([
    ["source", volume.source],
    ["kind", `${volume.kind}, ${volume.dtype}`],
    [
      "size",
      `${volume["size-xyz"].join(" × ")} (x, y, z): ${formatCount(volume.voxels)} voxels, ${formatBytes(volume.bytes)} uncompressed`,
    ],
    ["offset", volume["offset-xyz"].join(", ")],
    ["voxel size", `${volume["voxel-size-nm-xyz"].join(" × ")} nm`],
    ["written", grid === null ? "not in parts" : `in parts of ${grid.join(" × ")}`],
    ...Object.entries(volume.details).map(([name, value]): [string, string] => [name, String(value)]),
  ]);
}
