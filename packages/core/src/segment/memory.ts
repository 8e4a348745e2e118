/**
 * Memory of a worker that segments or writes one subvolume; the engine chooses the number of workers by it.
 *
 *   bytes per voxel of the bordered box, at the peak of    grey + masks   predictions   labels   the step itself
 *   background-mask                                                  4             –           –      its own
 *   predict-voxels                                                   4             –           –      its own, result included
 *   create-supervoxels                                               4             4           –      its own, result included
 *   agglomerate-supervoxels                                          4             4           4      its own
 *   renumber, compress                                               4             –           8
 *
 *   bytes per voxel of the core box, at the peak of        inside   labels   runs   bodies   one chunk of the output, 8 at once
 *   relabel, write                                              1        4      1        8       24 (cut out 8, encoded 8, gzip'd 8)
 *
 * Predictions are 4 bytes a channel; more than one where predict-voxels says so before the run (`needs.ts`).
 *
 * Grey + masks: grey 1, inside 1, preserved 1, mask 1. What the built-ins take themselves stands beside them in `builtins.ts`; a user's
 * function is taken to need {@link USER_BYTES_PER_VOXEL}. An isolated step adds its process: `subprocess-memory` when it is set, else its
 * arguments and its own bytes, plus the files that the arrays travel in.
 *
 * Whatever the shape, a worker has its code, the decoded files that it keeps (`store/byte-cache.ts`), and, where there are preserved
 * bodies, one piece of their source at a time, which is never at the peak of a step.
 */
import { type Vec3, volumeOf } from "../geometry/box.ts";
import { DECODED_FILES_BYTES } from "../store/byte-cache.ts";
import { BUILT_INS } from "./builtins.ts";
import { defaultSteps } from "./default-steps.ts";
import { shortName } from "./plugins.ts";
import { pythonReference } from "./python/reference.ts";
import { type SegmentorConfig, STEP_NAMES, type StepConfig, type StepName, type StepNeeds } from "./types.ts";
import { parseUserReference } from "./user-module.ts";

/** What a user's function is taken to need beside its arguments, its result included: three float or label arrays. */
export const USER_BYTES_PER_VOXEL = 12;
/** A thread with its code and the small things, and the decoded files that it keeps. */
const BASE_BYTES = 96 * 2 ** 20 + DECODED_FILES_BYTES;
/** A process of its own. */
const PROCESS_BYTES = 64 * 2 ** 20;
const FINAL_BYTES_PER_VOXEL = 12;
const WRITE_BYTES_PER_VOXEL = 14;
/** A piece of the source of preserved bodies: 12 bytes for each of 4 million voxels, and what the store decodes. */
const PIECE_BYTES = 96 * 2 ** 20;
const CHUNK_BYTES_PER_VOXEL = 24;
const CHUNKS_AT_ONCE = 8;

/** Bytes of arguments per voxel, by step; the masks of the segmentor included. */
const ARGUMENTS: Readonly<Record<StepName, number>> = {
  "background-mask": 4,
  "predict-voxels": 4,
  "create-supervoxels": 8,
  "agglomerate-supervoxels": 12,
};

/** Peak bytes of one worker that segments a subvolume whose bordered box has this shape. `needs`: what predict-voxels says of itself. */
export function estimateBytes(config: SegmentorConfig, shape: Vec3, needs: StepNeeds | null = null): number {
  const voxels = volumeOf(shape);
  if (parseUserReference(config.class) !== null)
    return BASE_BYTES + voxels * (ARGUMENTS["agglomerate-supervoxels"] + USER_BYTES_PER_VOXEL);
  const steps = shortName(config.class) === "DefaultGrayOnly" ? defaultSteps() : config.configuration;
  const peaks = STEP_NAMES.map((name) => stepBytes(steps[name], name, voxels, needs));
  return BASE_BYTES + Math.max(FINAL_BYTES_PER_VOXEL * voxels, ...peaks);
}

/** Peak bytes of one worker that relabels, writes or verifies a core box of this shape, to an output with these chunks. */
export function estimateWriteBytes(core: Vec3, chunk: Vec3): number {
  const voxels = volumeOf(core);
  const encoding = Math.min(voxels, CHUNKS_AT_ONCE * volumeOf(chunk)) * CHUNK_BYTES_PER_VOXEL;
  return BASE_BYTES + PIECE_BYTES + WRITE_BYTES_PER_VOXEL * voxels + encoding;
}

function stepBytes(step: StepConfig, name: StepName, voxels: number, needs: StepNeeds | null): number {
  const isPrediction = name === "predict-voxels";
  const ownPerVoxel = BUILT_INS.get(shortName(step.function))?.bytesPerVoxel ?? USER_BYTES_PER_VOXEL;
  const own = isPrediction && needs !== null ? needs.bytes : ownPerVoxel * voxels;
  const hasPredictions = name === "create-supervoxels" || name === "agglomerate-supervoxels";
  const channels = hasPredictions ? (needs?.channels ?? 1) : 1;
  const here = (ARGUMENTS[name] + 4 * (channels - 1)) * voxels;
  if (!step["use-subprocess"] && pythonReference(step) === null) return here + own;
  const limit = step["subprocess-memory"];
  const inProcess = limit > 0 ? limit : PROCESS_BYTES + here + own;
  return 2 * here + inProcess; // once as arrays here, once as files
}
