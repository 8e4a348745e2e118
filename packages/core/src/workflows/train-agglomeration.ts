/** Train agglomeration: supervoxels, predictions and ground truth become a classifier for `neuroproof_agglomerate`. */
import { dirname, resolve } from "node:path";
import { featureGraph, featureNames } from "@axonloom/kernels";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { writeFailed } from "../fs-errors.ts";
import { type Box, equalBoxes, formatBox, intersect, isEmpty, shapeOf, volumeOf } from "../geometry/box.ts";
import { silentLogger } from "../log.ts";
import { FOREST, type Strategy, trainEdgeClassifier } from "../segment/agglomerate/neuroproof/training.ts";
import { formatOpenCvForest } from "../segment/agglomerate/neuroproof/write-opencv-forest.ts";
import { resolveStep } from "../segment/plugins.ts";
import { runStep } from "../segment/run-step.ts";
import type { Predictions, StepConfig } from "../segment/types.ts";
import { replaceFile } from "../store/files.ts";
import { openVolume, type VolumeStore } from "../store/index.ts";
import type { VoxelArray } from "../volume/block.ts";
import { checkNewFile, readLabels } from "./training-files.ts";

export interface TrainAgglomerationRequest {
  /** Sources of labels. */
  readonly supervoxels: string;
  readonly groundTruth: string;
  /**
   * One source a channel, in the order that the agglomeration will see: uint8 (255 = 1), uint16 (65535 = 1) or float32, 0 to 1. Or grey
   * values (uint8) and the step that makes predictions from them.
   */
  readonly predictions: readonly string[] | { readonly gray: string; readonly step: StepConfig };
  /** The classifier: a file ending in .xml that does not exist yet. */
  readonly destination: string;
  /** The part to learn from; absent: what all volumes have. */
  readonly box?: Box;
  /** What iterations after the first learn from; 2 unless given. */
  readonly strategy?: Strategy;
  /** 1 unless given. */
  readonly iterations?: number;
  /** 32 bits; 1 unless given. */
  readonly seed?: number;
  /** 255 unless given. */
  readonly trees?: number;
  /** Supervoxels with a mean of at least `threshold` in the channel are mitochondria; absent: there are none. */
  readonly mitochondria?: { readonly channel: number; readonly threshold: number };
}

export interface TrainedAgglomeration {
  readonly destination: string;
  readonly channels: number;
  readonly features: number;
  readonly trees: number;
  /** Edges that the last forest learned from, and those of them between different bodies. */
  readonly rows: number;
  readonly different: number;
  readonly out_of_bag_error: number;
  /** Largest part first; the parts sum to 1. */
  readonly importance: readonly { readonly feature: string; readonly part: number }[];
  readonly warnings: readonly string[];
}

/**
 * Trains a random forest and writes it in the layout of OpenCV 2.4. Equal input and seed give equal bytes. Memory: all volumes of the part.
 * `E_TRAIN` when there is nothing to learn from, `E_DTYPE` for wrong voxels, `E_DESTINATION_EXISTS`, `E_USAGE` for other arguments.
 */
export async function trainAgglomeration(
  request: TrainAgglomerationRequest,
  options: CallOptions = {},
): Promise<TrainedAgglomeration> {
  const { destination, mitochondria = null, strategy = 2, iterations = 1, seed = 1, trees = 255 } = request;
  await checkRequest(request);
  const { box, warnings } = await commonBox(request, options);
  const shape = shapeOf(box);
  const labels = await readLabels(request.supervoxels, box, options);
  const truth = await readLabels(request.groundTruth, box, options);
  const { data, channels } = isList(request.predictions)
    ? await readChannels(request.predictions, box, options)
    : await predict(request.predictions, box, options);
  checkMitochannel(mitochondria, channels);
  const { forest, rows, different, outOfBagError, importance } = trainEdgeClassifier({
    makeGraph: () => featureGraph(labels, data, channels, shape),
    labels,
    truth,
    mitochondria,
    strategy,
    iterations,
    seed,
    trees,
    signal: options.signal,
  });
  const path = resolve(destination);
  await replaceFile(path, formatOpenCvForest(forest, { rows, outOfBagError, ...FOREST }), dirname(path), options).catch((error) => {
    options.signal?.throwIfAborted();
    throw writeFailed(path, error);
  });
  const names = featureNames(channels);
  return {
    destination: path,
    channels,
    features: forest.features,
    trees,
    rows,
    different,
    out_of_bag_error: outOfBagError,
    importance: Array.from(importance, (part, k) => ({ feature: names[k]!, part })).sort((p, q) => q.part - p.part),
    warnings,
  };
}

async function checkRequest({ destination, predictions, mitochondria }: TrainAgglomerationRequest): Promise<void> {
  const usage = (message: string) => new AxonloomError("E_USAGE", message);
  if (!/\.xml$/i.test(destination)) {
    throw usage(
      `expected a file ending in .xml, by which NeuroProof knows OpenCV's forests, found ${destination}; give another name`,
    );
  }
  if (isList(predictions) && predictions.length === 0) {
    throw usage("expected a volume of predictions for each channel, found none; give at least one");
  }
  if (isList(predictions)) checkMitochannel(mitochondria ?? null, predictions.length);
  await checkNewFile(destination);
}

function isList(predictions: TrainAgglomerationRequest["predictions"]): predictions is readonly string[] {
  return Array.isArray(predictions);
}

function checkMitochannel(mitochondria: { readonly channel: number } | null, channels: number): void {
  if (mitochondria === null || mitochondria.channel < channels) return;
  throw new AxonloomError(
    "E_USAGE",
    `expected a channel of mitochondria below ${channels}, the number of channels, found ${mitochondria.channel}; channels count from 0`,
  );
}

async function commonBox(
  request: TrainAgglomerationRequest,
  options: CallOptions,
): Promise<{ readonly box: Box; readonly warnings: readonly string[] }> {
  const sources = [request.supervoxels, request.groundTruth, ...sourcesOf(request.predictions)];
  const stores: VolumeStore[] = [];
  for (const source of sources) stores.push(await openVolume(source, options));
  const bounds = await Promise.all(stores.map(async (store) => (await store.info(options)).bounds));
  const common = bounds.reduce(intersect);
  const box = request.box === undefined ? common : intersect(common, request.box);
  if (isEmpty(box)) {
    const places = bounds.map((found, k) => `${sources[k]} at ${formatBox(found)}`).join(", ");
    const asked = request.box === undefined ? "" : ` and the box ${formatBox(request.box)}`;
    throw new AxonloomError("E_TRAIN", `expected volumes that overlap, found ${places}${asked}; give volumes of the same place`, {
      bounds,
    });
  }
  const wanted = request.box ?? bounds[0]!;
  const differ = !equalBoxes(box, wanted) || (request.box === undefined && !bounds.every((found) => equalBoxes(found, common)));
  return { box, warnings: differ ? [`the volumes differ in extent; learned from ${formatBox(box)}`] : [] };
}

function sourcesOf(predictions: TrainAgglomerationRequest["predictions"]): readonly string[] {
  return isList(predictions) ? predictions : [predictions.gray];
}

interface Channels {
  readonly data: Float32Array | Uint8Array;
  readonly channels: number;
}

/** The step over the whole box, without a mask. */
async function predict(
  { gray, step }: { readonly gray: string; readonly step: StepConfig },
  box: Box,
  options: CallOptions,
): Promise<Channels> {
  const store = await openVolume(gray, options);
  const { data } = await store.read(box, options);
  if (!(data instanceof Uint8Array)) throw new AxonloomError("E_DTYPE", `${gray}: expected grey values as uint8`, { source: gray });
  const segmentor = await resolveStep(step, "predict-voxels");
  const { bounds, voxelSizeNm } = await store.info(options);
  const predictions = (await runStep(segmentor, "predict-voxels", {
    subvolume: 0,
    bordered: box,
    core: box,
    shape: shapeOf(box),
    voxelSizeNm,
    volume: { source: gray, bounds },
    logger: silentLogger,
    signal: options.signal ?? new AbortController().signal,
    inside: null,
    gray: data,
    mask: null,
  })) as Predictions;
  return { data: predictions.data, channels: predictions.shape[3] };
}

async function readChannels(sources: readonly string[], box: Box, options: CallOptions): Promise<Channels> {
  const channels = sources.length;
  const voxels = volumeOf(shapeOf(box));
  let all: Float32Array | null = null;
  for (const [channel, source] of sources.entries()) {
    const { data } = await (await openVolume(source, options)).read(box, options);
    if (channels === 1 && data instanceof Uint8Array) return { data, channels };
    const top = topOf(data, source);
    all ??= new Float32Array(voxels * channels);
    for (let i = 0, at = channel; i < voxels; i++, at += channels) {
      const p = Number(data[i]!) / top;
      if (!(p >= 0 && p <= 1)) throw noProbability(source, p, i, box);
      all[at] = p;
    }
  }
  return { data: all!, channels };
}

/** The value that means 1. */
function topOf(data: VoxelArray, source: string): number {
  if (data instanceof Float32Array) return 1;
  if (data instanceof Uint8Array) return 255;
  if (data instanceof Uint16Array) return 65535;
  throw new AxonloomError(
    "E_DTYPE",
    `${source}: expected probabilities as uint8, uint16 or float32, found labels of 32 or 64 bits`,
    {
      source,
    },
  );
}

function noProbability(source: string, p: number, i: number, box: Box): AxonloomError {
  const [, ny, nx] = shapeOf(box);
  const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx].map((at, axis) => at + box.start[axis]!);
  return new AxonloomError(
    "E_TRAIN",
    `${source}: expected probabilities from 0 to 1, found ${p} at x ${x}, y ${y}, z ${z}; correct the map`,
    { source, value: p },
  );
}
