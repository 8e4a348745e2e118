import {
  AxonloomError,
  type Box,
  DEFAULT_SIGMAS,
  PIXEL_FILTERS,
  type PixelFeature,
  type PixelFilter,
  type TrainedVoxels,
  trainVoxels,
} from "@axonloom/core";
import { InvalidArgumentError } from "commander";
import { boxXyz, oneOf, wholeNumber } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";
import { formatCount } from "../format.ts";
import { print, printJson, say, table } from "../output.ts";

interface Options {
  readonly gray: string;
  readonly labels?: string;
  readonly boundaryOf?: string;
  readonly classes?: readonly { readonly label: number; readonly name: string }[];
  readonly output: string;
  readonly box?: Box;
  readonly features?: readonly FeatureChoice[];
  readonly sigmas?: readonly number[];
  readonly engine: "fastfilters" | "vigra";
  readonly samples: number;
  readonly trees: number;
  readonly seed: number;
  readonly json?: true;
}

/** A filter at one scale, or at all of `--sigmas`. */
interface FeatureChoice {
  readonly filter: PixelFilter;
  readonly sigma: number | null;
}

export function trainVoxelsCommand({ signal }: CommandContext) {
  return command(
    "voxels",
    "Train the classifier that predict_voxels_with_model uses, a random forest on features of the grey values.",
    "train voxels --gray gray.npy.gz --labels strokes.npy.gz --classes 1=membrane,2=inside --output membrane.axvoxels.json",
    "train voxels --gray gray.npy.gz --labels project.ilp --output membrane.axvoxels.json",
    "train voxels --gray gray.npy.gz --boundary-of truth.npy.gz --output membrane.axvoxels.json",
  )
    .requiredOption("--gray <source>", "grey values, uint8")
    .option("--labels <source>", "labels of voxels, 0 = none; or a project of ilastik (.ilp) with labels drawn in it")
    .option("--boundary-of <source>", "in place of --labels: a segmentation that is right; learns membrane and inside")
    .option("--classes <list>", "labels to learn and their names, 1=membrane,2=inside, in the order of the channels", classList)
    .requiredOption("--output <file>", "where the classifier goes, by custom a name ending in .axvoxels.json")
    .option("--box <box>", "learn from x0,y0,z0,x1,y1,z1 only (upper bounds exclusive)", boxXyz)
    .option("--features <list>", "filters, at all --sigmas or, as Filter@1.6, at one; all six filters unless given", featureList)
    .option("--sigmas <list>", `scales of the filters, in voxels; ${DEFAULT_SIGMAS.join(",")} unless given`, sigmaList)
    .option(
      "--engine <name>",
      "whose filters: fastfilters (ilastik since 1.2) or vigra",
      oneOf(["fastfilters", "vigra"]),
      "fastfilters",
    )
    .option("--samples <n>", "most voxels of a class", wholeNumber(1, 1_000_000), 10_000)
    .option("--trees <n>", "trees of the forest", wholeNumber(1, 10_000), 100)
    .option("--seed <n>", "other seeds give other samples and forests", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--json", "print JSON")
    .action(async (options: Options) => {
      const { gray, output, classes, box, engine, samples, trees, seed } = options;
      const result = await trainVoxels(
        {
          ...{ gray, labels: labelsOf(options), destination: output, features: featuresOf(options), engine, samples, trees, seed },
          ...(classes !== undefined && { classes }),
          ...(box !== undefined && { box }),
        },
        { signal },
      );
      for (const warning of result.warnings) say(`warning: ${warning}`);
      if (options.json) printJson(result);
      else print(trainingTable(result));
    });
}

function labelsOf({ labels, boundaryOf }: Options): string | { boundaryOf: string } {
  if (labels !== undefined && boundaryOf === undefined) return labels;
  if (labels === undefined && boundaryOf !== undefined) return { boundaryOf };
  throw new AxonloomError("E_USAGE", "expected either --labels or --boundary-of");
}

function featuresOf({ features, sigmas = DEFAULT_SIGMAS }: Options): PixelFeature[] {
  const all = PIXEL_FILTERS.map((filter): FeatureChoice => ({ filter, sigma: null }));
  return (features ?? all).flatMap(({ filter, sigma }) =>
    (sigma === null ? sigmas : [sigma]).map((scale) => ({ filter, sigma: scale, flat: false })),
  );
}

function classList(text: string): { label: number; name: string }[] {
  const classes = text.split(",").map((part) => {
    const match = /^\s*(\d+)=(.+?)\s*$/.exec(part);
    if (match === null) throw new InvalidArgumentError("Expected label=name pairs, as in 1=membrane,2=inside.");
    return { label: Number(match[1]), name: match[2]! };
  });
  if (new Set(classes.map(({ label }) => label)).size === classes.length) return classes;
  throw new InvalidArgumentError("Expected each label once.");
}

function featureList(text: string): FeatureChoice[] {
  return text.split(",").map((part) => {
    const [name, sigma] = part.trim().split("@");
    const filter = PIXEL_FILTERS.find((known) => known === name);
    if (filter === undefined) throw new InvalidArgumentError(`Expected filters among ${PIXEL_FILTERS.join(", ")}.`);
    return { filter, sigma: sigma === undefined ? null : positive(sigma) };
  });
}

function sigmaList(text: string): number[] {
  return text.split(",").map(positive);
}

function positive(text: string): number {
  const n = text.trim() === "" ? Number.NaN : Number(text);
  if (n > 0 && n < 1000) return n;
  throw new InvalidArgumentError("Expected sigmas above 0, in voxels.");
}

function trainingTable(result: TrainedVoxels): string {
  const { destination, engine, features, columns, trees, classes, out_of_bag_error: error, importance, seconds } = result;
  return table([
    ["classifier", destination],
    ["trees", formatCount(trees)],
    ["features", `${features} (${columns} columns, ${engine})`],
    ...classes.map(({ name, labelled, samples, out_of_bag_error: own }): [string, string] => [
      name,
      `${formatCount(samples)} of ${formatCount(labelled)} voxels, out-of-bag error ${own.toFixed(4)}`,
    ]),
    ["out-of-bag error", error.toFixed(4)],
    ...importance.slice(0, 10).map(({ feature, part }): [string, string] => [feature, part.toFixed(4)]),
    ["seconds", seconds.toFixed(1)],
  ]);
}
