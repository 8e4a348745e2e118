/**
 * Training of forests whose leaves hold probabilities. Trees are grown on bootstrap samples by `decision-trees`; a leaf keeps the shares of
 * the classes in it, each class of a tree having the same weight in all. O(trees · rows · log² rows · active columns).
 * Reference: L. Breiman, "Random forests", Machine Learning 45, 2001.
 */
import { type GrownForest, growForest, tableOf } from "../decision-trees/index.ts";
import type { FlatForest } from "./flat.ts";

export interface TrainProbabilityOptions {
  /** 32 bits. */
  readonly seed: number;
  readonly trees: number;
  /** Nodes with as many bootstrap rows or fewer are leaves; 5 unless given. */
  readonly minSamples?: number;
  /** Called after each tree; what it throws ends the training. */
  afterTree?(): void;
}

export interface TrainedProbabilityForest {
  readonly forest: FlatForest;
  /** By class: part of its rows to which the trees that did not see them give another class the largest mean probability. */
  readonly outOfBagErrors: Float64Array;
  /** By column: what its splits gain (Gini), summing to 1. */
  readonly importance: Float64Array;
}

const DEEPEST = 40;

/**
 * A forest from rows × columns features (C order) and their classes, 0 to `kinds` − 1; a split looks at √columns of them. Rows of one class
 * only, NaN, or wrong lengths: E_KERNEL_ARGUMENT.
 */
export function trainProbabilityForest(
  values: Float32Array,
  classes: Uint8Array,
  columns: number,
  kinds: number,
  { seed, trees, minSamples = 5, afterTree }: TrainProbabilityOptions,
): TrainedProbabilityForest {
  const table = tableOf(values, classes, columns, kinds, "trainProbabilityForest");
  const sums = new Float64Array(table.rows * kinds);
  const options = { maxDepth: DEEPEST, minSamples, activeFeatures: Math.max(1, Math.round(Math.sqrt(columns))) };
  const grown = growForest(
    table,
    trees,
    seed,
    options,
    (row, leaf, { shares }) => {
      let total = 0;
      for (let k = 0; k < kinds; k++) total += shares[leaf * kinds + k]!;
      for (let k = 0; k < kinds; k++) sums[row * kinds + k]! += shares[leaf * kinds + k]! / total;
    },
    afterTree,
  );
  return {
    forest: flatten(grown, columns, kinds),
    outOfBagErrors: errorsOf(sums, classes, kinds),
    importance: grown.importance,
  };
}

/** Rows that all trees have seen are not judged. */
function errorsOf(sums: Float64Array, classes: Uint8Array, kinds: number): Float64Array {
  const judged = new Float64Array(kinds);
  const wrong = new Float64Array(kinds);
  for (let row = 0; row < classes.length; row++) {
    let [best, total] = [0, 0];
    for (let k = 0; k < kinds; k++) {
      total += sums[row * kinds + k]!;
      if (sums[row * kinds + k]! > sums[row * kinds + best]!) best = k;
    }
    if (total === 0) continue;
    judged[classes[row]!]!++;
    if (best !== classes[row]) wrong[classes[row]!]!++;
  }
  return judged.map((n, k) => (n === 0 ? 0 : wrong[k]! / n));
}

/** Breadth first, so that siblings are neighbours. */
function flatten({ nodes, roots }: GrownForest, columns: number, classes: number): FlatForest {
  const length = nodes.feature.length;
  const column = new Int32Array(length);
  const threshold = new Float32Array(length);
  const child = new Int32Array(length);
  const leaves = new Float32Array(((length + roots.length) / 2) * classes);
  const places = new Int32Array(roots.length);
  let leaf = 0;
  let at = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    places[tree] = at;
    const queue = [roots[tree]!];
    for (let i = 0; i < queue.length; i++) {
      const node = queue[i]!;
      if (nodes.feature[node]! < 0) {
        child[at + i] = ~leaf;
        let total = 0;
        for (let k = 0; k < classes; k++) total += nodes.shares[node * classes + k]!;
        for (let k = 0; k < classes; k++) leaves[leaf * classes + k] = nodes.shares[node * classes + k]! / total;
        leaf++;
        continue;
      }
      column[at + i] = nodes.feature[node]!;
      threshold[at + i] = float32Above(nodes.threshold[node]!);
      child[at + i] = at + queue.length;
      queue.push(nodes.left[node]!, nodes.right[node]!);
    }
    at += queue.length;
  }
  return { columns, classes, roots: places, column, threshold, child, leaves };
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The smallest float32 above a float32: at most `value` is below that. */
function float32Above(value: number): number {
  float[0] = value;
  if (float[0] === 0) return 2 ** -149; // from ±0 to the smallest positive
  bits[0]! += float[0] > 0 ? 1 : -1;
  return float[0];
}
