/**
 * Forests in the form in which they are evaluated: the nodes of all trees in flat arrays, the two children of a split side by side.
 *
 *     node n:   child[n] >= 0   split: on to child[n] if features[column[n]] < threshold[n], else to child[n] + 1
 *               child[n] <  0   leaf ~child[n]
 *
 * The float64 threshold is replaced by the smallest float32 that is not below it: for every float32 the comparison stays the same.
 */
import { KernelError } from "../errors.ts";
import { nodeAt, ROOT } from "./nodes.ts";
import type { VigraForest, VigraTree } from "./types.ts";

export interface PackedForest {
  readonly columns: number;
  readonly classes: number;
  readonly column: Int32Array;
  readonly threshold: Float32Array;
  readonly child: Int32Array;
  /** What each leaf adds to each class. */
  readonly leaves: Float32Array;
  /** The same before it is rounded. */
  readonly exactLeaves: Float64Array;
  /** Node where each tree begins; trees of a forest follow each other. */
  readonly roots: Int32Array;
  /** Trees of each forest. */
  readonly sizes: Int32Array;
  /** What the sums of each forest are divided by, where that is the same for all rows; else 0. */
  readonly divisors: Float32Array;
}

interface Packing {
  readonly column: number[];
  readonly threshold: number[];
  readonly child: number[];
  readonly leaves: number[];
}

/**
 * Checks and packs forests that vote together, each with the weight of its number of trees. `E_KERNEL_ARGUMENT`: no trees, forests of
 * different columns or classes, a tree that is damaged or has other nodes than splits by a threshold and leaves.
 */
export function packForests(forests: readonly VigraForest[]): PackedForest {
  const [first] = forests;
  if (first === undefined || forests.some(({ trees }) => trees.length === 0)) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      "packForests: expected at least one tree in each forest, found a forest without trees",
    );
  }
  const { columns, classes } = first;
  const packing: Packing = { column: [], threshold: [], child: [], leaves: [] };
  const roots: number[] = [];
  const divisors: number[] = [];
  for (const [f, forest] of forests.entries()) {
    if (forest.columns !== columns || forest.classes !== classes) {
      const found = `${forest.columns} and ${forest.classes} in forest ${f}`;
      throw new KernelError("E_KERNEL_ARGUMENT", `packForests: expected ${columns} columns and ${classes} classes, found ${found}`);
    }
    let [least, most] = [0, 0];
    for (const [t, tree] of forest.trees.entries()) {
      const from = packing.leaves.length;
      roots.push(packTree(tree, forest, packing, `forest ${f}, tree ${t}`));
      const totals = totalsOf(packing.leaves.slice(from), classes);
      least += totals.reduce((a, b) => Math.min(a, b));
      most += totals.reduce((a, b) => Math.max(a, b));
    }
    const slack = 2 ** -52 * most * classes * forest.trees.length; // what adding in another order can change
    const same = Math.fround(least - slack) === Math.fround(most + slack);
    divisors.push(same ? most : 0);
  }
  return {
    columns,
    classes,
    column: Int32Array.from(packing.column),
    threshold: Float32Array.from(packing.threshold),
    child: Int32Array.from(packing.child),
    leaves: Float32Array.from(packing.leaves),
    exactLeaves: Float64Array.from(packing.leaves),
    roots: Int32Array.from(roots),
    sizes: Int32Array.from(forests, ({ trees }) => trees.length),
    divisors: Float32Array.from(divisors),
  };
}

/** Breadth first, so that siblings are neighbours; gives the place of the root. */
function packTree(tree: VigraTree, forest: VigraForest, { column, threshold, child, leaves }: Packing, where: string): number {
  const { columns, classes, weighted } = forest;
  if (tree.topology[0] !== columns || tree.topology[1] !== classes) {
    const found = `${tree.topology[0]} and ${tree.topology[1]}`;
    throw new KernelError("E_KERNEL_ARGUMENT", `${where}: expected ${columns} columns and ${classes} classes, found ${found}`);
  }
  const root = child.length;
  const positions = [ROOT];
  for (let i = 0; i < positions.length; i++) {
    if (positions.length > tree.topology.length) {
      throw new KernelError("E_KERNEL_ARGUMENT", `${where}: expected a tree, found nodes that several splits lead to`);
    }
    const node = nodeAt(tree, positions[i]!, forest, where);
    if (node.leaf) {
      child.push(~(leaves.length / classes));
      column.push(0);
      threshold.push(0);
      const weight = weighted ? node.weight : 1;
      for (const p of node.probabilities) leaves.push(p * weight);
    } else {
      child.push(root + positions.length);
      column.push(node.column);
      threshold.push(float32NotBelow(node.threshold));
      positions.push(...node.children);
    }
  }
  return root;
}

function totalsOf(leaves: readonly number[], classes: number): number[] {
  const totals: number[] = [];
  for (let i = 0; i < leaves.length; i += classes) totals.push(leaves.slice(i, i + classes).reduce((sum, p) => sum + p, 0));
  return totals;
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The smallest float32 that is not below `value`. */
export function float32NotBelow(value: number): number {
  float[0] = value;
  if (float[0] >= value || Number.isNaN(value)) return float[0];
  if (float[0] === 0) return 2 ** -149; // from ±0 to the smallest positive
  bits[0]! += float[0] > 0 ? 1 : -1;
  return float[0];
}
