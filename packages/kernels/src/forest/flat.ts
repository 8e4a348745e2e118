/** Forests as they are trained and stored here: nodes in flat arrays, the two children of a split side by side (see `pack.ts`). */
import { KernelError } from "../errors.ts";
import type { PackedForest } from "./pack.ts";

export interface FlatForest {
  readonly columns: number;
  readonly classes: number;
  /** First node of each tree. */
  readonly roots: Int32Array;
  /** By node: what is compared; 0 in a leaf. */
  readonly column: Int32Array;
  /** By node: on to `child` when the value is below, else to `child + 1`; 0 in a leaf. */
  readonly threshold: Float32Array;
  /** By node: the first child, always further on; or ~leaf. */
  readonly child: Int32Array;
  /** [leaf, class]: probabilities. */
  readonly leaves: Float32Array;
}

/** The same, checked and ready for `forestProbabilities`: the mean of the trees, in float32. `E_KERNEL_ARGUMENT` for a damaged one. */
export function packFlatForest(forest: FlatForest): PackedForest {
  const { columns, classes, roots, column, threshold, child, leaves } = forest;
  const fail = (found: string): KernelError => new KernelError("E_KERNEL_ARGUMENT", `packFlatForest: ${found}`);
  const nodes = child.length;
  if (!(columns > 0 && classes > 1)) throw fail(`expected columns and two or more classes, found ${columns} and ${classes}`);
  if (column.length !== nodes || threshold.length !== nodes || leaves.length % classes !== 0) {
    throw fail(`expected arrays of ${nodes} nodes and leaves of ${classes} classes, found other lengths`);
  }
  if (roots.length === 0) throw fail("expected at least one tree, found none");
  if (!roots.every((root) => root >= 0 && root < nodes)) throw fail("expected trees that begin at nodes, found one that does not");
  for (let node = 0; node < nodes; node++) {
    const next = child[node]!;
    const split =
      next > node && next + 1 < nodes && column[node]! >= 0 && column[node]! < columns && !Number.isNaN(threshold[node]);
    const leaf = next < 0 && (~next + 1) * classes <= leaves.length;
    if (!split && !leaf) throw fail(`expected a split or a leaf, found neither at node ${node}`);
  }
  if (!leaves.every((p) => p >= 0 && p <= 1)) throw fail("expected probabilities in the leaves, found another number");
  return {
    ...{ columns, classes, column, threshold, child, leaves, roots },
    exactLeaves: Float64Array.from(leaves),
    sizes: Int32Array.of(roots.length),
    divisors: Float32Array.of(roots.length),
  };
}
