/**
 * Sufficient statistics of probabilities, for many elements (regions or contacts) in flat arrays: per element and channel the power sums
 * Σp, Σp², Σp³, Σp⁴ in float64 and a histogram of 25 bins. Two elements are merged by adding.
 *
 *     sums   [ element 0: c0 Σp Σp² Σp³ Σp⁴ | c1 … ][ element 1 … ]
 *     bins   [ element 0: c0 25 bins        | c1 … ][ element 1 … ]
 */
export const MOMENTS = 4;
export const BINS = 25;

export interface Statistics {
  /** [element, channel, 4]. */
  sums: Float64Array;
  /** [element, channel, 25]. */
  bins: Uint32Array;
}

export function makeStatistics(elements: number, channels: number): Statistics {
  return { sums: new Float64Array(elements * channels * MOMENTS), bins: new Uint32Array(elements * channels * BINS) };
}

/** The same elements in larger arrays. */
export function enlargeStatistics(from: Statistics, elements: number, channels: number): Statistics {
  const to = makeStatistics(elements, channels);
  to.sums.set(from.sums);
  to.bins.set(from.bins);
  return to;
}

/** Adds the element `from` to the element `to`. */
export function addStatistics({ sums, bins }: Statistics, to: number, from: number, channels: number): void {
  for (let k = 0, t = to * channels * MOMENTS, f = from * channels * MOMENTS; k < channels * MOMENTS; k++)
    sums[t + k]! += sums[f + k]!;
  for (let k = 0, t = to * channels * BINS, f = from * channels * BINS; k < channels * BINS; k++) bins[t + k]! += bins[f + k]!;
}

/** Adds one voxel: its channels lie at `at` in `values`. Values below 0 and above 1 fall into the first and the last bin. */
export function addVoxel({ sums, bins }: Statistics, element: number, values: Float32Array, at: number, channels: number): void {
  let s = element * channels * MOMENTS;
  let b = element * channels * BINS;
  for (let c = 0; c < channels; c++, s += MOMENTS, b += BINS) {
    const p = values[at + c]!;
    const square = p * p;
    sums[s]! += p;
    sums[s + 1]! += square;
    sums[s + 2]! += square * p;
    sums[s + 3]! += square * square;
    const bin = (p * BINS) | 0;
    bins[b + (bin < 0 ? 0 : bin < BINS ? bin : BINS - 1)]!++;
  }
}
