/**
 * One tree, grown to the bottom.
 *
 * A node of more than `minSamples` rows (bootstrap rows count as often as they were drawn) and of both classes looks at a few random
 * features and takes the split with the largest  (Σ wₖ²Lₖ²)/L + (Σ wₖ²Rₖ²)/R,  where wₖ gives both classes of the tree the same weight
 * in all, Lₖ and Rₖ are rows of class k to the left and right, L = Σ wₖLₖ and R = Σ wₖRₖ (Gini). Thresholds lie in the middle of values
 * that differ by more than 2 · 2⁻²³. Reference: L. Breiman, "Random forests", 2001; the figures as in OpenCV 2.4's CvRTrees.
 */
import type { RandomIntegers } from "./random.ts";

/** 2 · FLT_EPSILON. */
const DISTINCT = 2 ** -22;
/** Sort keys are rank · 2²⁶ + row. */
export const MOST_ROWS = 2 ** 26;

export interface Table {
  rows: number;
  features: number;
  /** [row, feature]. */
  values: Float32Array;
  /** [feature, row]: place of the row's value among the feature's distinct values. */
  ranks: Uint32Array;
  /** 0 or 1. */
  classes: Uint8Array;
}

export interface GrowOptions {
  maxDepth: number;
  minSamples: number;
  activeFeatures: number;
}

/** Nodes so far, of all trees. */
export interface GrownNodes {
  feature: number[];
  threshold: number[];
  left: number[];
  right: number[];
  vote: number[];
  samples: number[];
  quality: number[];
}

interface Split {
  feature: number;
  threshold: number;
  quality: number;
}

/** Adds a tree to `nodes`, and what its splits gain to `importance`. `drawn`: how often each row is in the tree. Returns its root. */
export function growTree(
  table: Table,
  drawn: Uint32Array,
  { maxDepth, minSamples, activeFeatures }: GrowOptions,
  random: RandomIntegers,
  nodes: GrownNodes,
  importance: Float64Array,
): number {
  const { features, values, ranks, classes } = table;
  const own = Uint32Array.from(drawn.keys()).filter((row) => drawn[row]! > 0);
  const weights = [0, 0];
  for (const row of own) weights[classes[row]!]! += drawn[row]!;
  const weight = weights.map((n) => (n === 0 ? 0 : 0.5 / n)) as [number, number];
  const keys = new Float64Array(own.length);
  const order = Uint32Array.from({ length: features }, (_, f) => f);
  const scratch = new Uint32Array(own.length);
  return grow(0, own.length, 0);

  function grow(start: number, end: number, depth: number): number {
    let n0 = 0;
    let n1 = 0;
    for (let k = start; k < end; k++) {
      if (classes[own[k]!] === 1) n1 += drawn[own[k]!]!;
      else n0 += drawn[own[k]!]!;
    }
    const node = nodes.feature.length;
    nodes.feature.push(-1);
    nodes.threshold.push(0);
    nodes.left.push(0);
    nodes.right.push(0);
    nodes.vote.push(n1 * weight[1] > n0 * weight[0] ? 1 : 0);
    nodes.samples.push(n0 + n1);
    nodes.quality.push(0);
    if (n0 + n1 <= minSamples || n0 === 0 || n1 === 0 || depth >= maxDepth) return node;
    const split = bestSplit(start, end, n0 * weight[0], n1 * weight[1]);
    if (split === null) return node;
    const [w0, w1] = [n0 * weight[0], n1 * weight[1]];
    importance[split.feature]! += split.quality - (w0 * w0 + w1 * w1) / (w0 + w1);
    const middle = partition(start, end, split);
    nodes.feature[node] = split.feature;
    nodes.threshold[node] = split.threshold;
    nodes.quality[node] = split.quality;
    nodes.left[node] = grow(start, middle, depth + 1);
    nodes.right[node] = grow(middle, end, depth + 1);
    return node;
  }

  /** Of a few features drawn without repeats; the first of equally good splits. `all0`, `all1`: weights in the node. */
  function bestSplit(start: number, end: number, all0: number, all1: number): Split | null {
    let best: Split | null = null;
    for (let drawnFeatures = 0; drawnFeatures < Math.min(activeFeatures, features); drawnFeatures++) {
      const pick = drawnFeatures + random.below(features - drawnFeatures);
      const feature = order[pick]!;
      order[pick] = order[drawnFeatures]!;
      order[drawnFeatures] = feature;
      const sorted = keys.subarray(start, end);
      const ofFeature = feature * table.rows;
      for (let k = start; k < end; k++) keys[k] = ranks[ofFeature + own[k]!]! * MOST_ROWS + own[k]!;
      sorted.sort();
      let [l0, l1] = [0, 0];
      for (let k = 0; k + 1 < sorted.length; k++) {
        const row = sorted[k]! % MOST_ROWS;
        if (classes[row] === 1) l1 += drawn[row]! * weight[1];
        else l0 += drawn[row]! * weight[0];
        const here = values[row * features + feature]!;
        const next = values[(sorted[k + 1]! % MOST_ROWS) * features + feature]!;
        if (!(here + DISTINCT < next)) continue;
        const [r0, r1] = [all0 - l0, all1 - l1];
        const quality = (l0 * l0 + l1 * l1) / (l0 + l1) + (r0 * r0 + r1 * r1) / (r0 + r1);
        if (best !== null && !(quality > best.quality)) continue;
        const middle = Math.fround((here + next) / 2);
        best = { feature, threshold: middle < next ? middle : here, quality };
      }
    }
    return best;
  }

  /** Rows of the left side first, both sides in their order. */
  function partition(start: number, end: number, { feature, threshold }: Split): number {
    let middle = start;
    let right = 0;
    for (let k = start; k < end; k++) {
      const row = own[k]!;
      if (values[row * features + feature]! <= threshold) own[middle++] = row;
      else scratch[right++] = row;
    }
    own.set(scratch.subarray(0, right), middle);
    return middle;
  }
}
