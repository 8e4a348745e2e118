/**
 * Measures of a segmentation S against ground truth G, from their contingency table n(g, s) with N = Σ n:
 *
 *   split VI = H(S | G) = 1/N Σ n(g,s) log2(n(g) / n(g,s))      a body in pieces
 *   merge VI = H(G | S) = 1/N Σ n(g,s) log2(n(s) / n(g,s))      bodies in one
 *
 *   pairs of voxels together in both: a = Σ C(n(g,s), 2); precision a / Σ C(n(s), 2), recall a / Σ C(n(g), 2), Rand = harmonic mean
 *
 * References: M. Meila, "Comparing clusterings", J. Multivariate Anal. 98 (2007); I. Arganda-Carreras et al., Front. Neuroanat. 9 (2015).
 */
import { AxonloomError } from "../errors.ts";
import type { Contingency } from "./contingency-table.ts";
import { harmonicMean, pairsOf, ratioOfPairs, sumOfPairs } from "./pair-counts.ts";

export interface Measures {
  /** H(ground truth | segmentation) in bits. */
  readonly merge_vi: number;
  /** H(segmentation | ground truth) in bits. */
  readonly split_vi: number;
  readonly vi: number;
  readonly rand: number;
  /** 1 - rand. */
  readonly adapted_rand_error: number;
  /** Voxels that count. */
  readonly voxels: number;
  /** Voxels that do not count, since a side is 0 there. */
  readonly left_out: { readonly ground_truth: number; readonly segmentation: number; readonly both: number };
}

export interface MeasureOptions {
  /** 0 is a label like any other, on both sides. */
  readonly countBackground?: boolean;
}

/** Sums run in the order of the sorted pairs: equal tables give equal bits. `E_EVALUATE` when no voxel counts. */
export function measure(table: Contingency, { countBackground = false }: MeasureOptions = {}): Measures {
  const byTruth = new Float64Array(table.truthIds.length);
  const bySegment = new Float64Array(table.segmentIds.length);
  const leftOut = { ground_truth: 0, segmentation: 0, both: 0 };
  const counted: number[] = [];
  let voxels = 0;
  for (let i = 0; i < table.voxels.length; i++) {
    const noTruth = table.truthIds[table.truth[i]!] === 0n;
    const noSegment = table.segmentIds[table.segment[i]!] === 0n;
    const n = table.voxels[i]!;
    if (!countBackground && (noTruth || noSegment)) {
      if (noTruth) leftOut.ground_truth += n;
      if (noSegment) leftOut.segmentation += n;
      if (noTruth && noSegment) leftOut.both += n;
      continue;
    }
    counted.push(i);
    voxels += n;
    byTruth[table.truth[i]!]! += n;
    bySegment[table.segment[i]!]! += n;
  }
  if (voxels === 0) {
    throw new AxonloomError(
      "E_EVALUATE",
      "expected voxels where both the ground truth and the segmentation have a label, found none; compare other volumes, or count the background",
      { leftOut },
    );
  }
  let split = 0;
  let merge = 0;
  let together = 0n;
  for (const i of counted) {
    const n = table.voxels[i]!;
    split += n * Math.log2(byTruth[table.truth[i]!]! / n);
    merge += n * Math.log2(bySegment[table.segment[i]!]! / n);
    together += pairsOf(n);
  }
  const precision = ratioOfPairs(together, sumOfPairs(bySegment));
  const recall = ratioOfPairs(together, sumOfPairs(byTruth));
  const rand = harmonicMean(precision, recall);
  return {
    merge_vi: merge / voxels,
    split_vi: split / voxels,
    vi: (merge + split) / voxels,
    rand,
    adapted_rand_error: 1 - rand,
    voxels,
    left_out: leftOut,
  };
}
