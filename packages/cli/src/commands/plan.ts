import {
  checkOutput,
  estimateRun,
  loadConfig,
  planRun,
  planWorkers,
  type RunEstimate,
  type RunPlan,
  sampleSubvolume,
  shapeOf,
} from "@axonloom/core";
import { type CommandContext, command, type ResourceOptions, resources, withResources } from "../command.ts";
import { formatBytes, formatCount, formatRate, formatSeconds, formatShape } from "../format.ts";
import { print, printJson, table } from "../output.ts";

interface Options extends ResourceOptions {
  readonly sample: boolean;
  readonly json?: true;
}

export function planCommand({ signal }: CommandContext) {
  return withResources(
    command(
      "plan",
      "Say what a run would do, and how long it would take, without writing anything.",
      "plan my-volume.yml",
      "plan my-volume.yml --no-sample --json",
    ).argument("<config>", "configuration file, .json or .yml"),
  )
    .option("--no-sample", "do not segment a subvolume to estimate the time")
    .option("--json", "print JSON")
    .action(async (path: string, options: Options) => {
      const config = await loadConfig(path, { signal });
      const plan = await planRun(config, { signal });
      await checkOutput(config);
      const { slots } = planWorkers(config, plan, resources(options));
      const sample = options.sample ? await sampleSubvolume(config, plan, { signal }) : null;
      const estimate = estimateRun(plan, slots, sample);
      if (options.json) printJson(estimate);
      else print(planTable(plan, estimate));
    });
}

function planTable(plan: RunPlan, estimate: RunEstimate): string {
  const { core, bordered } = plan.subvolumes[0]!;
  const { sample, "segment-seconds": seconds } = estimate;
  const rows: [string, string][] = [
    ["input", plan.input.source],
    ["output", `${plan.output.destination}, chunks of ${estimate["output-chunk"].join(" × ")}`],
    [
      "subvolumes",
      `${formatCount(estimate.subvolumes)} of ${formatShape(shapeOf(core))}, with border ${formatShape(shapeOf(bordered))}`,
    ],
    ["iterations", formatCount(estimate.iterations)],
    ["faces", formatCount(estimate.faces)],
    [
      "voxels",
      `${formatCount(estimate.voxels)}${plan.roiCut ? " (the region of interest reaches beyond the volume: it is cut)" : ""}`,
    ],
    ["read", `${formatBytes(estimate["bytes-read"])} (with borders)`],
    ["written", `${formatBytes(estimate["bytes-written"])} before compression`],
    ["workers", `${formatCount(estimate.workers)}, each planned with ${formatBytes(estimate["bytes-per-worker"])}`],
  ];
  const { requests } = estimate;
  if (requests !== null) {
    const { read, write } = requests;
    rows.push(["requests", `about ${formatCount(read)} that read from servers, ${formatCount(write)} that write`]);
  }
  if (sample !== null && seconds !== null) {
    const rate = formatRate(sample.voxels, sample.seconds);
    rows.push([
      "time",
      `about ${formatSeconds(seconds)} to segment (sampled: ${rate} a worker); stitching and writing come on top`,
    ]);
  }
  return table(rows);
}
