import { loadConfig, planRun, planWorkers, type RunPlan, type Sample, sampleSubvolume, shapeOf, toXyz } from "@axonloom/core";
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
      const { slots } = planWorkers(config, plan, resources(options));
      const sample = options.sample ? await sampleSubvolume(config, plan, { signal }) : null;
      const numbers = planNumbers(plan, slots, sample);
      if (options.json) printJson(numbers);
      else print(planTable(plan, numbers, sample));
    });
}

/** What a program may want to know of a plan. Seconds are those of segmenting; null without a sample. */
function planNumbers(plan: RunPlan, slots: number, sample: Sample | null) {
  const seconds = sample === null ? null : ((sample.seconds / sample.voxels) * plan.voxelsRead) / slots;
  return {
    subvolumes: plan.subvolumes.length,
    iterations: plan.iterations.length,
    faces: plan.faces.length,
    voxels: plan.voxelsExpected,
    "voxels-read": plan.voxelsRead,
    "bytes-read": plan.bytesRead,
    "bytes-written": plan.bytesWritten,
    "output-chunk": toXyz(plan.output.spec.chunk!),
    workers: slots,
    "bytes-per-worker": plan.bytesPerTask,
    sample,
    "segment-seconds": seconds,
  };
}

function planTable(plan: RunPlan, numbers: ReturnType<typeof planNumbers>, sample: Sample | null): string {
  const { core, bordered } = plan.subvolumes[0]!;
  const seconds = numbers["segment-seconds"];
  const rows: [string, string][] = [
    ["input", plan.input.source],
    ["output", `${plan.output.destination}, chunks of ${numbers["output-chunk"].join(" × ")}`],
    [
      "subvolumes",
      `${formatCount(numbers.subvolumes)} of ${formatShape(shapeOf(core))}, with border ${formatShape(shapeOf(bordered))}`,
    ],
    ["iterations", formatCount(numbers.iterations)],
    ["faces", formatCount(numbers.faces)],
    [
      "voxels",
      `${formatCount(numbers.voxels)}${plan.roiCut ? " (the region of interest reaches beyond the volume: it is cut)" : ""}`,
    ],
    ["read", `${formatBytes(numbers["bytes-read"])} (with borders)`],
    ["written", `${formatBytes(numbers["bytes-written"])} before compression`],
    ["workers", `${formatCount(numbers.workers)}, each planned with ${formatBytes(numbers["bytes-per-worker"])}`],
  ];
  if (sample !== null && seconds !== null) {
    const rate = formatRate(sample.voxels, sample.seconds);
    rows.push([
      "time",
      `about ${formatSeconds(seconds)} to segment (sampled: ${rate} a worker); stitching and writing come on top`,
    ]);
  }
  return table(rows);
}
