import { type GrowOptions, growForest, tableOf } from "../decision-trees/index.ts";
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
  const table = tableOf(values, classes, features, 2, "trainVoteForest");
  const votes = new Uint32Array(table.rows);
  const judges = new Uint32Array(table.rows);
  const { nodes, roots, importance } = growForest(
    table,
    trees,
    seed,
    { maxDepth, minSamples, activeFeatures },
    (row, leaf, { vote }) => {
      judges[row]!++;
      votes[row]! += vote[leaf]!;
    },
  );
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
    importance,
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
