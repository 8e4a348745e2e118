/**
 * Random forests whose leaves hold probabilities: those of vigra, and such that are trained here.
 *
 *     const forest = packForests([{ columns: 21, classes: 4, weighted: false, trees }]);
 *     forestProbabilities(forest, features); // rows × 4
 */
import { KernelError } from "../errors.ts";
import { evaluate } from "./evaluate.ts";
import type { PackedForest } from "./pack.ts";

export { type FlatForest, packFlatForest } from "./flat.ts";
export { type PackedForest, packForests } from "./pack.ts";
export { type TrainedProbabilityForest, type TrainProbabilityOptions, trainProbabilityForest } from "./train.ts";
export type { VigraForest, VigraTree } from "./types.ts";

/**
 * Probabilities of the classes, rows × classes, of rows × columns features (C order). A row with a NaN gets zeros. Same bits as vigra;
 * several forests are combined as ilastik does. Lengths that do not fit: E_KERNEL_ARGUMENT.
 */
export function forestProbabilities(
  forest: PackedForest,
  features: Float32Array,
  options: { out?: Float32Array } = {},
): Float32Array {
  const rows = features.length / forest.columns;
  if (!Number.isInteger(rows)) {
    const found = `${features.length} values`;
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `forestProbabilities features: expected rows of ${forest.columns} columns, found ${found}`,
    );
  }
  const length = rows * forest.classes;
  const out = options.out ?? new Float32Array(length);
  if (out.length < length) {
    throw new KernelError("E_KERNEL_ARGUMENT", `forestProbabilities out: expected room for ${length} values, found ${out.length}`);
  }
  evaluate(forest, features, rows, out);
  return out;
}
