/** Train voxels: grey values and labels become a classifier for `predict_voxels_with_model`. */
import { dirname, resolve } from "node:path";
import {
  columnsOf,
  type FeatureEngine,
  KernelError,
  PIXEL_FILTERS,
  type PixelFeature,
  type PixelFeaturePlan,
  planPixelFeatures,
} from "@axonloom/kernels";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { writeFailed } from "../fs-errors.ts";
import { type Box, equalBoxes, formatBox, grow, intersect, isEmpty, map3, shapeOf, translate, type Vec3 } from "../geometry/box.ts";
import { formatVoxelClassifier } from "../segment/predict/voxel-classifier/file.ts";
import { trainVoxelForest } from "../segment/predict/voxel-classifier/training.ts";
import { replaceFile } from "../store/files.ts";
import { openVolume } from "../store/index.ts";
import { checkNewFile } from "./training-files.ts";
import { type LabelledVoxels, readBoundaryLabels, readLabelVolume, readProjectLabels } from "./voxel-labels.ts";

export { PIXEL_FILTERS, type PixelFeature, type PixelFilter } from "@axonloom/kernels";

export interface TrainVoxelsRequest {
  /** Source of uint8. */
  readonly gray: string;
  /**
   * A source of labels (0 = none), a project of ilastik (`.ilp`) with labels drawn in it, or the right segmentation, of whose bodies the
   * boundaries are learned.
   */
  readonly labels: string | { readonly boundaryOf: string };
  /** The classifier: a file that does not exist yet. */
  readonly destination: string;
  /** Labels that are learned, and their names, in the order of the channels; absent: all but 0. Not with `boundaryOf`. */
  readonly classes?: readonly { readonly label: number; readonly name: string }[];
  /** The part whose labels are learned; grey values around it are seen as far as the features reach. Absent: all that has labels. */
  readonly box?: Box;
  /** All filters at {@link DEFAULT_SIGMAS} unless given. */
  readonly features?: readonly PixelFeature[];
  /** Whose filters; fastfilters unless given. */
  readonly engine?: FeatureEngine;
  /** Most voxels of a class; 10,000 unless given. */
  readonly samples?: number;
  /** 100 unless given. */
  readonly trees?: number;
  /** 32 bits; 1 unless given. */
  readonly seed?: number;
}

export interface TrainedVoxels {
  readonly destination: string;
  readonly engine: FeatureEngine;
  readonly features: number;
  readonly columns: number;
  readonly trees: number;
  /** In the order of the channels. `labelled`: voxels that it could learn from; `samples`: those that it did. */
  readonly classes: readonly {
    readonly name: string;
    readonly labelled: number;
    readonly samples: number;
    readonly out_of_bag_error: number;
  }[];
  /** Mean of the classes. */
  readonly out_of_bag_error: number;
  /** Largest part first; the parts sum to 1. */
  readonly importance: readonly { readonly feature: string; readonly part: number }[];
  readonly seconds: number;
  readonly warnings: readonly string[];
}

/** All six filters at three scales. They see 15 voxels far, less than the usual border of 20. */
export const DEFAULT_SIGMAS: readonly number[] = [1, 1.6, 3.5];

/**
 * Trains a random forest on features of voxels and writes the classifier. Equal input and seed give equal bytes. Memory: grey values and
 * labels of the part. `E_TRAIN` when there is nothing to learn from, `E_DTYPE` for wrong voxels, `E_DESTINATION_EXISTS`, `E_USAGE` for
 * other arguments.
 */
export async function trainVoxels(request: TrainVoxelsRequest, options: CallOptions = {}): Promise<TrainedVoxels> {
  const begin = performance.now();
  const { gray, destination, engine = "fastfilters", samples = 10_000, trees = 100, seed = 1 } = request;
  const plan = planOf(request.features ?? defaultFeatures(), engine);
  await checkNewFile(destination);
  const store = await openVolume(gray, options);
  const { bounds } = await store.info(options);
  const labelled = await readLabelled(request, bounds, options);
  const halo: Vec3 = [plan.halo.z, plan.halo.xy, plan.halo.xy];
  const around = intersect(grow(labelled.box, halo), bounds);
  checkThickness(plan, around, gray);
  const { data } = await store.read(around, options);
  if (!(data instanceof Uint8Array)) throw new AxonloomError("E_DTYPE", `${gray}: expected grey values as uint8`, { source: gray });
  const { names, counts } = labelled;
  const trained = await trainVoxelForest({
    features: plan,
    image: { data, shape: shapeOf(around), channels: 1 },
    region: translate(
      labelled.box,
      map3((a) => -around.start[a]),
    ),
    kinds: labelled.kinds,
    classes: names.length,
    ...{ samples, trees, seed, signal: options.signal ?? new AbortController().signal },
  });
  const errors = trained.outOfBagErrors;
  const text = formatVoxelClassifier({
    ...{ engine, features: plan.set.features, channels: 1, classes: names, forest: trained.forest },
    training: { seed, samples: trained.samples, outOfBagErrors: errors },
  });
  const path = resolve(destination);
  await replaceFile(path, text, dirname(path), options).catch((error) => {
    options.signal?.throwIfAborted();
    throw writeFailed(path, error);
  });
  return {
    destination: path,
    engine,
    features: plan.set.features.length,
    columns: plan.columns,
    trees,
    classes: names.map((name, k) => ({
      ...{ name, labelled: counts[k]!, samples: trained.samples[k]!, out_of_bag_error: errors[k]! },
    })),
    out_of_bag_error: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    importance: importanceOf(plan.set.features, trained.importance),
    seconds: Math.round(performance.now() - begin) / 1000,
    warnings: labelled.warnings,
  };
}

function defaultFeatures(): PixelFeature[] {
  return PIXEL_FILTERS.flatMap((filter) => DEFAULT_SIGMAS.map((sigma) => ({ filter, sigma, flat: false })));
}

function planOf(features: readonly PixelFeature[], engine: FeatureEngine): PixelFeaturePlan {
  try {
    return planPixelFeatures({ engine, recipe: "presmoothed", features: [...features] });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new AxonloomError("E_USAGE", `${error.message}; choose other features or the other engine`, {}, error);
  }
}

/** The labels of the part inside the grey volume: each class has voxels. */
async function readLabelled(request: TrainVoxelsRequest, bounds: Box, options: CallOptions): Promise<LabelledVoxels> {
  const { gray, labels, classes = null, box } = request;
  const limits = box === undefined ? bounds : intersect(bounds, box);
  if (isEmpty(limits)) {
    throw new AxonloomError("E_TRAIN", `expected a box inside ${gray}, at ${formatBox(bounds)}, found ${formatBox(box!)}`, { box });
  }
  if (typeof labels !== "string" && classes !== null) {
    throw new AxonloomError("E_USAGE", "expected names of classes for labels, not for boundaries, which are membrane and inside");
  }
  const read = async () => {
    if (typeof labels !== "string") return await readBoundaryLabels(labels.boundaryOf, limits, options);
    if (/\.ilp$/i.test(labels)) return await readProjectLabels(labels, bounds, limits, classes, options);
    return await readLabelVolume(labels, limits, classes, options);
  };
  const found = await read();
  const missing = found.names.find((_, k) => found.counts[k] === 0);
  if (missing !== undefined || found.names.length < 2) {
    const list = found.names.map((name, k) => `${name}: ${found.counts[k]}`).join(", ");
    const message = `expected voxels of each of two or more classes in ${formatBox(limits)}, found ${list || "none"}; label more, or take a larger part`;
    throw new AxonloomError("E_TRAIN", message, { classes: found.names, counts: found.counts });
  }
  if (box === undefined || equalBoxes(limits, box)) return found;
  return { ...found, warnings: [...found.warnings, `the box reaches beyond ${gray}; learned from ${formatBox(limits)}`] };
}

function checkThickness({ least }: PixelFeaturePlan, box: Box, gray: string): void {
  const [nz, ny, nx] = shapeOf(box);
  if (nz >= least.z && ny >= least.xy && nx >= least.xy) return;
  throw new AxonloomError(
    "E_TRAIN",
    `${gray}: these features need at least ${least.xy} × ${least.xy} × ${least.z} voxels (x, y, z), found ${nx} × ${ny} × ${nz}; take smaller sigmas`,
    { box },
  );
}

/** By feature: a filter at a scale, all its columns. */
function importanceOf(features: readonly PixelFeature[], parts: Float64Array): { feature: string; part: number }[] {
  let column = 0;
  const all = features.map((feature) => {
    const own = parts.subarray(column, column + columnsOf(feature));
    column += own.length;
    const { filter, sigma, flat } = feature;
    return { feature: `${filter} ${sigma}${flat ? " in 2-D" : ""}`, part: own.reduce((sum, part) => sum + part, 0) };
  });
  return all.sort((p, q) => q.part - p.part);
}
