import { type Evaluation, evaluateVolumes } from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { formatCount } from "../format.ts";
import { print, printJson, say, table } from "../output.ts";

interface Options {
  readonly segmentation: string;
  readonly groundTruth: string;
  readonly countBackground?: true;
  readonly strict?: true;
  readonly json?: true;
}

export function evaluateCommand({ signal }: CommandContext) {
  return command(
    "evaluate",
    "Compare a segmentation with ground truth: variation of information (bits) and Rand.",
    "evaluate --segmentation precomputed://segmentation --ground-truth truth.npy.gz",
  )
    .requiredOption("--segmentation <source>", "the labels to judge")
    .requiredOption("--ground-truth <source>", "the labels that are right")
    .option("--count-background", "count 0 as a label on both sides; by default such voxels are left out")
    .option("--strict", "end with an error where the volumes differ in extent")
    .option("--json", "print JSON")
    .action(async (options: Options) => {
      const { segmentation, groundTruth, countBackground = false, strict = false } = options;
      const result = await evaluateVolumes({ segmentation, groundTruth, countBackground, strict }, { signal });
      for (const warning of result.warnings) say(`warning: ${warning}`);
      if (options.json) printJson(result);
      else print(evaluationTable(result));
    });
}

export function evaluationTable(result: Evaluation): string {
  const measures = ["merge_vi", "split_vi", "vi", "rand", "adapted_rand_error"] as const;
  const { ground_truth: truth, segmentation, both } = result.left_out;
  return table([
    ...measures.map((name): [string, string] => [name, result[name].toFixed(4)]),
    ["voxels", formatCount(result.voxels)],
    [
      "left out",
      `${formatCount(truth)} without ground truth, ${formatCount(segmentation)} without segment (${formatCount(both)} without both)`,
    ],
  ]);
}
