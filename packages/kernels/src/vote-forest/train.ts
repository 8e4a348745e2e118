import { KernelError } from "../errors.ts";
import { type GrownNodes, type GrowOptions, growTree, MOST_ROWS, type Table } from "./grow.ts";
import { RandomIntegers } from "./random.ts";
import type { VoteForest } from "./types.ts";

export interface TrainOptions extends Partial<GrowOptions> {
  /** 32 bits. */
  seed: number;
  /** 255 unless given. */
  trees?: number;
}

export interface TrainedForest {
  forest: VoteForest;
  /** Part of the rows that the trees which did not see them vote against; a tie is a vote for class 0. */
  outOfBagError: number;
  /** By feature: what its splits gain (Gini), summing to 1. */
  importance: Float64Array;
}

/**
 * A forest from rows of features ([row, feature], float32) and their classes 0 and 1; each tree sees as many rows as there are, drawn with
 * replacement. Defaults of NeuroProof: 255 trees, depth 20, leaves of at most 10 rows, 5 features a split. Rows of one class only, NaN, or
 * wrong lengths: E_KERNEL_ARGUMENT.
 */
export function trainVoteForest(
  values: Float32Array,
  classes: Uint8Array,
  features: number,
  { seed, trees = 255, maxDepth = 20, minSamples = 10, activeFeatures = 5 }: TrainOptions,
): TrainedForest {
  const table = tableOf(values, classes, features);
  const random = new RandomIntegers(seed);
  const nodes: GrownNodes = { feature: [], threshold: [], left: [], right: [], vote: [], samples: [], quality: [] };
  const importance = new Float64Array(features);
  const roots = new Uint32Array(trees);
  const votes = new Uint32Array(table.rows);
  const judges = new Uint32Array(table.rows);
  for (let tree = 0; tree < trees; tree++) {
    const drawn = new Uint32Array(table.rows);
    for (let k = 0; k < table.rows; k++) drawn[random.below(table.rows)]!++;
    const root = growTree(table, drawn, { maxDepth, minSamples, activeFeatures }, random, nodes, importance);
    roots[tree] = root;
    for (let row = 0; row < table.rows; row++) {
      if (drawn[row] !== 0) continue;
      let node = root;
      for (let f = nodes.feature[node]!; f >= 0; f = nodes.feature[node]!) {
        node = values[row * features + f]! <= nodes.threshold[node]! ? nodes.left[node]! : nodes.right[node]!;
      }
      judges[row]!++;
      votes[row]! += nodes.vote[node]!;
    }
  }
  const gain = importance.reduce((sum, g) => sum + g, 0);
  return {
    forest: {
      features,
      roots,
      feature: Int32Array.from(nodes.feature),
      threshold: Float32Array.from(nodes.threshold),
      left: Uint32Array.from(nodes.left),
      right: Uint32Array.from(nodes.right),
      vote: Uint8Array.from(nodes.vote),
      samples: Uint32Array.from(nodes.samples),
      quality: Float32Array.from(nodes.quality),
    },
    outOfBagError: errorOf(votes, judges, classes),
    importance: gain > 0 ? importance.map((g) => g / gain) : importance,
  };
}

function errorOf(votes: Uint32Array, judges: Uint32Array, classes: Uint8Array): number {
  let judged = 0;
  let wrong = 0;
  for (let row = 0; row < classes.length; row++) {
    if (judges[row] === 0) continue;
    judged++;
    if (2 * votes[row]! > judges[row]! !== (classes[row] === 1)) wrong++;
  }
  return judged === 0 ? 0 : wrong / judged;
}

function tableOf(values: Float32Array, classes: Uint8Array, features: number): Table {
  const rows = classes.length;
  if (values.length !== rows * features || rows >= MOST_ROWS) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `trainVoteForest: expected ${features} numbers for each of ${rows} rows (fewer than ${MOST_ROWS}), found ${values.length}`,
    );
  }
  const ones = classes.reduce((sum, k) => sum + k, 0);
  if (ones === 0 || ones === rows) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `trainVoteForest: expected rows of two classes, found ${ones} of ${rows} in class 1`,
    );
  }
  const ranks = new Uint32Array(rows * features);
  const column = new Float32Array(rows);
  for (let f = 0; f < features; f++) {
    for (let row = 0; row < rows; row++) {
      column[row] = values[row * features + f]!;
      if (Number.isNaN(column[row])) {
        throw new KernelError("E_KERNEL_ARGUMENT", `trainVoteForest: expected numbers, found NaN in row ${row}, feature ${f}`);
      }
    }
    const place = new Map<number, number>();
    for (const value of column.slice().sort()) if (!place.has(value)) place.set(value, place.size);
    for (let row = 0; row < rows; row++) ranks[f * rows + row] = place.get(column[row]!)!;
  }
  return { rows, features, values, ranks, classes };
}
