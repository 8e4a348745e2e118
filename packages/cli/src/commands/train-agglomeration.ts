import {
  AxonloomError,
  type Box,
  loadStep,
  type TrainAgglomerationRequest,
  type TrainedAgglomeration,
  trainAgglomeration,
} from "@axonloom/core";
import { boxXyz, fraction, oneOf, wholeNumber } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";
import { formatCount } from "../format.ts";
import { print, printJson, say, table } from "../output.ts";

interface Options {
  readonly supervoxels: string;
  readonly groundTruth: string;
  readonly prediction?: readonly string[];
  readonly gray?: string;
  readonly config?: string;
  readonly output: string;
  readonly box?: Box;
  readonly strategy: "1" | "2" | "3";
  readonly iterations: number;
  readonly seed: number;
  readonly trees: number;
  readonly mitochannel?: number;
  readonly mitoThreshold: number;
  readonly json?: true;
}

export function trainAgglomerationCommand({ signal }: CommandContext) {
  return command(
    "agglomeration",
    "Train the classifier that neuroproof_agglomerate uses, a random forest in the layout of OpenCV 2.4.",
    "train agglomeration --supervoxels ws.npy.gz --prediction membrane.npy.gz --ground-truth truth.npy.gz --output agglom.xml",
    "train agglomeration --supervoxels ws.npy.gz --gray gray.npy.gz --config run.yml --ground-truth truth.npy.gz --output agglom.xml",
  )
    .requiredOption("--supervoxels <source>", "labels as the segmentation makes them")
    .requiredOption("--ground-truth <source>", "the labels that are right; 0 = not known")
    .option("--prediction <source>", "a channel of the predictions; once for each channel, in order", append)
    .option("--gray <source>", "in place of --prediction: grey values, predicted as --config says")
    .option("--config <file>", "configuration of a run, whose predict-voxels makes the predictions")
    .requiredOption("--output <file.xml>", "where the classifier goes")
    .option("--box <box>", "learn from x0,y0,z0,x1,y1,z1 only (upper bounds exclusive)", boxXyz)
    .option("--iterations <n>", "further ones learn from edges that come up while segments are merged", wholeNumber(1, 100), 1)
    .option(
      "--strategy <n>",
      "rows of further iterations: 1 wrong ones, 2 all, 3 all without earlier rows",
      oneOf(["1", "2", "3"]),
      "2",
    )
    .option("--seed <n>", "other seeds give other forests", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--trees <n>", "trees of the forest", wholeNumber(1, 10_000), 255)
    .option("--mitochannel <n>", "channel with the probability of mitochondria, counted from 0; none unless given", wholeNumber(0))
    .option("--mito-threshold <p>", "supervoxels with at least this mean there are mitochondria", fraction, 0.35)
    .option("--json", "print JSON")
    .action(async (options: Options) => {
      const { supervoxels, groundTruth, output, box, strategy, iterations, seed, trees, mitochannel, mitoThreshold } = options;
      const result = await trainAgglomeration(
        {
          supervoxels,
          groundTruth,
          predictions: await predictionsOf(options, signal),
          destination: output,
          strategy: Number(strategy) as 1 | 2 | 3,
          iterations,
          seed,
          trees,
          ...(box !== undefined && { box }),
          ...(mitochannel !== undefined && { mitochondria: { channel: mitochannel, threshold: mitoThreshold } }),
        },
        { signal },
      );
      for (const warning of result.warnings) say(`warning: ${warning}`);
      if (options.json) printJson(result);
      else print(trainingTable(result));
    });
}

function append(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

async function predictionsOf(
  { prediction, gray, config }: Options,
  signal: AbortSignal,
): Promise<TrainAgglomerationRequest["predictions"]> {
  if (prediction !== undefined && gray === undefined && config === undefined) return prediction;
  if (prediction !== undefined || gray === undefined || config === undefined) {
    throw new AxonloomError("E_USAGE", "expected either --prediction, once for each channel, or --gray with --config");
  }
  return { gray, step: await loadStep(config, "predict-voxels", { signal }) };
}

function trainingTable(result: TrainedAgglomeration): string {
  const { destination, channels, features, trees, rows, different, out_of_bag_error: error, importance } = result;
  return table([
    ["classifier", destination],
    ["trees", formatCount(trees)],
    ["features", `${features} (channels: ${channels})`],
    ["edges", `${formatCount(rows)} (${formatCount(different)} different, ${formatCount(rows - different)} the same)`],
    ["out-of-bag error", error.toFixed(4)],
    ...importance.slice(0, 10).map(({ feature, part }): [string, string] => [feature, part.toFixed(4)]),
  ]);
}
