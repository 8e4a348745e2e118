/**
 * One tree, grown to the bottom.
 *
 * A node of more than `minSamples` rows (bootstrap rows count as often as they were drawn) and of several classes looks at a few random
 * features and takes the split with the largest  (Σ wₖ²Lₖ²)/L + (Σ wₖ²Rₖ²)/R,  where wₖ gives all classes of the tree the same weight
 * in all, Lₖ and Rₖ are rows of class k to the left and right, L = Σ wₖLₖ and R = Σ wₖRₖ (Gini). Thresholds lie in the middle of values
 * that differ by more than 2 · 2⁻²³. Reference: L. Breiman, "Random forests", 2001; the figures as in OpenCV 2.4's CvRTrees.
 */
import type { RandomIntegers } from "./random.ts";
import { MOST_ROWS, type Table } from "./table.ts";

/** 2 · FLT_EPSILON. */
const DISTINCT = 2 ** -22;
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
  /** The class with the largest weight; the first of equal ones. */
  vote: number[];
  /** Weight of each class (classes · node), before it is divided by their sum. */
  shares: number[];
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
  const { features, kinds, values, ranks, classes } = table;
  const own = Uint32Array.from(drawn.keys()).filter((row) => drawn[row]! > 0);
  const weight = new Float64Array(kinds);
  for (const row of own) weight[classes[row]!]! += drawn[row]!;
  for (let k = 0; k < kinds; k++) weight[k] = weight[k] === 0 ? 0 : 1 / kinds / weight[k]!;
  const keys = new Float64Array(own.length);
  const order = Uint32Array.from({ length: features }, (_, f) => f);
  const scratch = new Uint32Array(own.length);
  const left = new Float64Array(kinds);
  return grow(0, own.length, 0);

  function grow(start: number, end: number, depth: number): number {
    const all = new Float64Array(kinds);
    for (let k = start; k < end; k++) all[classes[own[k]!]!]! += drawn[own[k]!]!;
    let samples = 0;
    let present = 0;
    for (let k = 0; k < kinds; k++) {
      samples += all[k]!;
      if (all[k]! > 0) present++;
      all[k]! *= weight[k]!;
    }
    const node = nodes.feature.length;
    nodes.feature.push(-1);
    nodes.threshold.push(0);
    nodes.left.push(0);
    nodes.right.push(0);
    nodes.vote.push(largest(all));
    for (const share of all) nodes.shares.push(share);
    nodes.samples.push(samples);
    nodes.quality.push(0);
    if (samples <= minSamples || present < 2 || depth >= maxDepth) return node;
    const split = bestSplit(start, end, all);
    if (split === null) return node;
    importance[split.feature]! += split.quality - purity(all);
    const middle = partition(start, end, split);
    nodes.feature[node] = split.feature;
    nodes.threshold[node] = split.threshold;
    nodes.quality[node] = split.quality;
    nodes.left[node] = grow(start, middle, depth + 1);
    nodes.right[node] = grow(middle, end, depth + 1);
    return node;
  }

  /** Of a few features drawn without repeats; the first of equally good splits. `all`: weight of each class in the node. */
  function bestSplit(start: number, end: number, all: Float64Array): Split | null {
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
      left.fill(0);
      for (let k = 0; k + 1 < sorted.length; k++) {
        const row = sorted[k]! % MOST_ROWS;
        left[classes[row]!]! += drawn[row]! * weight[classes[row]!]!;
        const here = values[row * features + feature]!;
        const next = values[(sorted[k + 1]! % MOST_ROWS) * features + feature]!;
        if (!(here + DISTINCT < next)) continue;
        const quality = purity(left) + purityOfRest(all, left);
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

/** Σ wₖ² / Σ wₖ. */
function purity(weights: Float64Array): number {
  let squares = 0;
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    squares += weights[k]! * weights[k]!;
    sum += weights[k]!;
  }
  return squares / sum;
}

function purityOfRest(all: Float64Array, left: Float64Array): number {
  let squares = 0;
  let sum = 0;
  for (let k = 0; k < all.length; k++) {
    const rest = all[k]! - left[k]!;
    squares += rest * rest;
    sum += rest;
  }
  return squares / sum;
}

function largest(weights: Float64Array): number {
  let best = 0;
  for (let k = 1; k < weights.length; k++) if (weights[k]! > weights[best]!) best = k;
  return best;
}
