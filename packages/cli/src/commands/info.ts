import {
  type DvidDescription,
  type DvidRepoDescription,
  describeDvid,
  describeVolume,
  isDvidPlace,
  type VolumeDescription,
} from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { formatBytes, formatCount } from "../format.ts";
import { print, printJson, table } from "../output.ts";

export function infoCommand({ signal }: CommandContext) {
  return command(
    "info",
    "Describe a volume, or what a DVID server has.",
    "info precomputed://segmentation",
    "info gray.npy.gz --json",
    "info dvid://emdata:8000",
  )
    .argument("<source>", "name of a volume; dvid://host:port: its repos; dvid://host:port/<version>: its repo and instances")
    .option("--json", "print JSON")
    .action(async (source: string, options: { readonly json?: true }) => {
      if (isDvidPlace(source)) {
        const place = await describeDvid(source, { signal });
        if (options.json) printJson(place);
        else print(dvidText(place));
        return;
      }
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

function dvidText({ server, repos }: DvidDescription): string {
  if (repos.length === 0) return `${server} has no repo; \`axonloom dvid new-repo\` makes one`;
  return [`server ${server}`, ...repos.map(repoText)].join("\n\n");
}

function repoText(repo: DvidRepoDescription): string {
  const versions = repo.versions.map(({ version, branch, committed, note }): string[] => [
    version,
    branch,
    committed ? "committed" : "open",
    note,
  ]);
  const instances = repo.instances.map((instance): string[] => [
    instance.name,
    instance.type,
    instance["size-xyz"] === null ? "" : instance["size-xyz"].join(" × "),
    instance["offset-xyz"] === null ? "" : `from ${instance["offset-xyz"].join(", ")}`,
    instance["block-xyz"] === null ? "" : `blocks of ${instance["block-xyz"].join(" × ")}`,
    instance.scales > 1 ? `${instance.scales} scales` : "",
  ]);
  return [
    `repo ${repo.alias === "" ? repo.root : repo.alias}${repo.description === "" ? "" : `: ${repo.description}`}`,
    "versions",
    columns(versions),
    ...(instances.length === 0 ? ["no instances"] : [`instances at ${repo["instances-of"]} (x, y, z)`, columns(instances)]),
  ].join("\n");
}

/** Rows of cells, indented. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")}`.trimEnd()).join("\n");
}
