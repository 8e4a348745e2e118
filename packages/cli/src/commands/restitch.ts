import { resolve } from "node:path";
import { restitch, STITCH_ALGORITHMS, type StitchAlgorithm } from "@axonloom/core";
import { fraction, oneOf, wholeNumber } from "../arguments.ts";
import { type CommandContext, command, endRun, type ResourceOptions, resources, summaryTable, withResources } from "../command.ts";
import { print } from "../output.ts";
import { openProgress } from "../progress/index.ts";

interface Options extends ResourceOptions {
  readonly stitchAlgorithm?: StitchAlgorithm;
  readonly minimumOverlap?: number;
  readonly liberalOverlap?: number;
  readonly overlapRatio?: number;
  readonly eligibilityPlane?: boolean;
  readonly output?: string;
  readonly json?: true;
}

export function restitchCommand(context: CommandContext) {
  const withOptions = command(
    "restitch",
    "Stitch the segmented subvolumes of a run again, with another policy. Nothing is segmented again.",
    "restitch my-volume.run --stitch-algorithm aggressive --output precomputed://aggressive",
  )
    .argument("<run>", "run folder")
    .option("--stitch-algorithm <name>", `one of ${STITCH_ALGORITHMS.join(", ")}`, oneOf(STITCH_ALGORITHMS))
    .option("--minimum-overlap <voxels>", "a best partner counts only with more common voxels than this", wholeNumber(0))
    .option("--liberal-overlap <voxels>", "the one-sided rule of aggressive needs more common voxels than this", wholeNumber(0))
    .option("--overlap-ratio <ratio>", "part of a segment's overlap that its partner must hold, 0 to 1", fraction)
    .option("--eligibility-plane", "only segments that touch the eligibility plane of the overlap start a match")
    .option("--no-eligibility-plane", "all segments of the overlap may start a match")
    .option("--output <destination>", "write there and keep the run's own result; by default that is replaced");
  return withResources(withOptions)
    .option("--json", "print one JSON line an event; the last one is the result")
    .action(async (folder: string, options: Options) => {
      const { stitchAlgorithm: algorithm, workers: _w, memory: _m, json, ...changes } = options;
      const progress = openProgress(json === true);
      try {
        const result = await restitch(
          resolve(folder),
          { ...(algorithm !== undefined && { algorithm }), ...changes },
          { ...resources(options), signal: context.signal, onEvent: progress.follow },
        );
        progress.close();
        if (!json) print(summaryTable(result.summary));
        endRun(context, result);
      } finally {
        progress.close();
      }
    });
}
