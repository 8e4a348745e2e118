/** Figures of single bodies: sizes, the segment that fits best, and the lists of the worst and the largest. */
import type { CountedTable } from "./counted-table.ts";
import type { BodyOverlap, Comparison, SegmentBody, TruthBody, Xyz } from "./result.ts";
import type { Variation } from "./variation.ts";

/** How many of the largest bodies it takes to reach each percentage of the size. */
export function histogram(table: CountedTable, percents: readonly number[]): Comparison["histogram"] {
  const truth = table.truthSizes.filter((_, t) => table.measured[t] === 1).sort();
  const segmentation = table.segmentSizes.filter((n) => n > 0).sort();
  return percents.map((percent) => ({
    percent,
    ground_truth: largestUntil(truth, percent),
    segmentation: largestUntil(segmentation, percent),
  }));
}

/** @param ascending sizes. */
function largestUntil(ascending: Float64Array, percent: number): number {
  const total = ascending.reduce((sum, n) => sum + n, 0);
  let reached = 0;
  for (let count = 0; count < ascending.length; count++) {
    if (reached * 100 >= percent * total) return count;
    reached += ascending[ascending.length - 1 - count]!;
  }
  return ascending.length;
}

/** By position of the segment: its overlap with the truth body whose best segment it is, if that is more than half of it; else 0. */
export function correctOverlaps(table: CountedTable): Float64Array {
  const { truth, segment, voxels, truthSizes, segmentSizes, measured } = table;
  const best = new Int32Array(truthSizes.length).fill(-1); // ties: the pair that comes first, of the smallest id
  for (let i = 0; i < voxels.length; i++) {
    const t = truth[i]!;
    if (measured[t] === 1 && (best[t]! < 0 || voxels[i]! > voxels[best[t]!]!)) best[t] = i;
  }
  const correct = new Float64Array(segmentSizes.length);
  for (const i of best) if (i >= 0 && 2 * voxels[i]! > segmentSizes[segment[i]!]!) correct[segment[i]!] = voxels[i]!;
  return correct;
}

/** The largest of {@link correctOverlaps}. */
export function bestOverlap(table: CountedTable, correct: Float64Array): Comparison["best_overlap"] {
  let s = -1;
  correct.forEach((n, k) => {
    if (n > (s < 0 ? 0 : correct[s]!)) s = k;
  });
  if (s < 0) return null;
  const i = table.segment.findIndex(
    (k, at) => k === s && table.voxels[at] === correct[s] && table.measured[table.truth[at]!] === 1,
  );
  return { ground_truth: String(table.truthIds[table.truth[i]!]), segmentation: String(table.segmentIds[s]), size: correct[s]! };
}

export interface Bodies {
  readonly ground_truth: readonly TruthBody[];
  readonly segmentation: readonly SegmentBody[];
}

export interface BodyListOptions {
  /** Bodies of each ranking; Infinity: all. */
  readonly most: number;
  /** Overlaps listed for a body, the largest. */
  readonly mostOverlaps: number;
  /** Place of a pair's first voxel or point. */
  readonly placeOf: (first: number) => Xyz;
}

/** The worst bodies, the best segments and the largest of both, worst first (ties: larger first, then by id). */
export function bodyLists(table: CountedTable, variation: Variation, options: BodyListOptions): Bodies {
  const { truthIds, segmentIds, truthSizes, segmentSizes, measured } = table;
  const { splitOfTruth, mergeOfTruth, mergeOfSegment } = variation;
  const badness = splitOfTruth.map((split, t) => split + mergeOfTruth[t]!);
  const correct = correctOverlaps(table);
  const truths = listed(measured, truthSizes, [badness, splitOfTruth], options.most);
  const segments = listed(
    Uint8Array.from(segmentSizes, (n) => (n > 0 ? 1 : 0)),
    segmentSizes,
    [mergeOfSegment, correct],
    options.most,
  );
  const rows = pairsOfEach(table.truth, truths);
  const columns = pairsOfEach(table.segment, segments);
  const overlaps = (pairs: readonly number[], ids: BigUint64Array, side: Uint32Array): BodyOverlap[] =>
    [...pairs]
      .sort((p, q) => table.voxels[q]! - table.voxels[p]! || p - q)
      .slice(0, options.mostOverlaps)
      .map((i) => ({ id: String(ids[side[i]!]), size: table.voxels[i]!, at_xyz: options.placeOf(table.first[i]!) }));
  return {
    ground_truth: truths.map((t) => ({
      id: String(truthIds[t]),
      size: truthSizes[t]!,
      split_vi: splitOfTruth[t]!,
      merge_vi: mergeOfTruth[t]!,
      badness: badness[t]!,
      pieces: rows.get(t)!.length,
      overlaps: overlaps(rows.get(t)!, segmentIds, table.segment),
    })),
    segmentation: segments.map((s) => ({
      id: String(segmentIds[s]),
      size: segmentSizes[s]!,
      merge_vi: mergeOfSegment[s]!,
      pieces: columns.get(s)!.length,
      correct: correct[s]!,
      overlaps: overlaps(columns.get(s)!, truthIds, table.truth),
    })),
  };
}

/** Positions of the first `most` by each ranking and by size, in the order of the first ranking. */
function listed(counted: Uint8Array, sizes: Float64Array, rankings: readonly Float64Array[], most: number): number[] {
  const all = Array.from(counted.keys()).filter((k) => counted[k] === 1);
  const by = (ranking: Float64Array) => (p: number, q: number) => ranking[q]! - ranking[p]! || sizes[q]! - sizes[p]! || p - q;
  const chosen = new Set([...rankings, sizes].flatMap((ranking) => [...all].sort(by(ranking)).slice(0, most)));
  return [...chosen].sort(by(rankings[0]!));
}

/** The pairs of each wanted position. */
function pairsOfEach(side: Uint32Array, wanted: readonly number[]): Map<number, number[]> {
  const lists = new Map(wanted.map((k): [number, number[]] => [k, []]));
  side.forEach((k, i) => {
    lists.get(k)?.push(i);
  });
  return lists;
}
