/**
 * The numbers of a table of overlaps. Rand: with a = Σ C(n(g,s), 2), merge = a / Σ C(n(s), 2), split = a / Σ C(n(g), 2), and their
 * harmonic mean (I. Arganda-Carreras et al., Front. Neuroanat. 9, 2015). CREMI score: √(VI · (1 − Rand)) (cremi.org/metrics).
 */
import type { CountedTable } from "./counted-table.ts";
import { harmonicMean, pairsOf, ratioOfPairs, sumOfPairs } from "./pair-counts.ts";
import type { TableMeasures } from "./result.ts";
import { type Variation, variationOf } from "./variation.ts";

/** Measures of what counts; VI 0 and Rand 1 when nothing does. With a sparse truth Rand looks at the measured bodies only. */
export function measureTable(table: CountedTable, variation: Variation = variationOf(table)): TableMeasures {
  const { merge_vi, split_vi } = variation;
  const vi = merge_vi + split_vi;
  const truthSizes = table.truthSizes.filter((_, t) => table.measured[t] === 1);
  const segmentSizes = new Float64Array(table.segmentSizes.length);
  let together = 0n;
  table.voxels.forEach((n, i) => {
    if (table.measured[table.truth[i]!] === 0) return;
    segmentSizes[table.segment[i]!]! += n;
    together += pairsOf(n);
  });
  const rand_merge = ratioOfPairs(together, sumOfPairs(segmentSizes));
  const rand_split = ratioOfPairs(together, sumOfPairs(truthSizes));
  const rand = harmonicMean(rand_merge, rand_split);
  return {
    merge_vi,
    split_vi,
    vi,
    rand,
    rand_merge,
    rand_split,
    adapted_rand_error: 1 - rand,
    cremi_score: Math.sqrt(vi * (1 - rand)),
    size: table.size,
    ground_truth_bodies: truthSizes.length,
    segmentation_bodies: segmentSizes.filter((n) => n > 0).length,
  };
}
