/** Evaluate: a segmentation against ground truth, block by block. */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { ContingencyTable, type Labels, type MeasureOptions, type Measures, measure } from "../evaluate/index.ts";
import { equalBoxes, formatBox, intersect, isEmpty, type Vec3 } from "../geometry/box.ts";
import { openVolume } from "../store/index.ts";
import { boundsOfLabels, cellsOf } from "./cells.ts";

export interface EvaluateRequest extends MeasureOptions {
  /** Volumes of different extent are an error, and no warning. */
  readonly strict?: boolean;
  /** Sources of labels. */
  readonly segmentation: string;
  readonly groundTruth: string;
  /** Voxels read at once, z, y, x. The result does not depend on it. */
  readonly blockSize?: Vec3;
}

export interface Evaluation extends Measures {
  /** What a reader of the numbers should know. */
  readonly warnings: readonly string[];
}

/** 16 MiB of uint64 a side. */
const BLOCK_SIZE: Vec3 = [128, 128, 128];

/**
 * Measures of a segmentation over the part that both volumes have; a warning, or with `strict` an error, when they do not cover the same box. `E_EVALUATE` when
 * nothing is left to compare, `E_DTYPE` for float32. Memory: three blocks and the table of distinct pairs.
 */
export async function evaluateVolumes(request: EvaluateRequest, options: CallOptions = {}): Promise<Evaluation> {
  const truth = await openVolume(request.groundTruth, options);
  const segmentation = await openVolume(request.segmentation, options);
  const [truthBox, segmentationBox] = [await boundsOfLabels(truth, options), await boundsOfLabels(segmentation, options)];
  const common = intersect(truthBox, segmentationBox);
  if (isEmpty(common)) {
    throw new AxonloomError(
      "E_EVALUATE",
      `expected volumes that overlap, found the ground truth at ${formatBox(truthBox)} and the segmentation at ${formatBox(segmentationBox)}; name volumes of the same place`,
      { truth: truthBox, segmentation: segmentationBox },
    );
  }
  const extents = `the volumes differ in extent: ground truth ${formatBox(truthBox)}, segmentation ${formatBox(segmentationBox)}`;
  const differ = !equalBoxes(truthBox, segmentationBox);
  if (differ && request.strict === true) {
    throw new AxonloomError("E_EVALUATE", `${extents}; crop one of them, or do not ask for volumes of one extent (strict)`, {
      truth: truthBox,
      segmentation: segmentationBox,
    });
  }
  const table = new ContingencyTable();
  for (const block of cellsOf(common, request.blockSize ?? BLOCK_SIZE)) {
    options.signal?.throwIfAborted();
    const [t, s] = await Promise.all([truth.read(block, options), segmentation.read(block, options)]);
    table.addBlock(t.data as Labels, s.data as Labels);
  }
  const warnings = differ ? [`${extents}; compared ${formatBox(common)}`] : [];
  return { ...measure(table.sorted(), request), warnings };
}
