/**
 * The feature vector of an edge, in the order of NeuroProof's classifiers: B = 1 + 9C numbers for the smaller region, for the larger one
 * and for the contact, then 1 + 4C differences of the regions; 4 + 31C in all.
 *
 *     block        count | channel 0: μ, variance, m₃, m₄, quantiles .1 .3 .5 .7 .9 | channel 1: …
 *     differences  |count| | channel 0: |μ|, |variance|, |m₃|, |m₄|                 | channel 1: …
 *
 * m₃ and m₄ are central moments, not divided by powers of σ. Of regions of one size, the one with the smaller id counts as smaller.
 */

import { BINS, MOMENTS, type Statistics } from "./statistics.ts";
import type { FeatureGraph } from "./types.ts";

const QUANTILES = [0.1, 0.3, 0.5, 0.7, 0.9] as const;
const PER_CHANNEL = MOMENTS + QUANTILES.length;

/** 4 + 31C. */
export function featureCount(channels: number): number {
  return 4 + 31 * channels;
}

/** Names in the order of `edgeFeatures`, for people: `edge.c0.mean`. */
export function featureNames(channels: number): string[] {
  const moments = ["mean", "variance", "moment3", "moment4"];
  const ofChannel = (names: readonly string[]) =>
    Array.from({ length: channels }, (_, c) => names.map((name) => `c${c}.${name}`)).flat();
  const block = ["count", ...ofChannel([...moments, ...QUANTILES.map((q) => `q${q * 100}`)])];
  return [
    ...["small", "large", "edge"].flatMap((part) => block.map((name) => `${part}.${name}`)),
    ...["count", ...ofChannel(moments)].map((name) => `difference.${name}`),
  ];
}

/** Features of the edge at a position of the graph, float64; into `out` where given. */
export function edgeFeatures(
  graph: FeatureGraph,
  edge: number,
  out: Float64Array = new Float64Array(featureCount(graph.channels)),
): Float64Array {
  const { channels, size, regions } = graph;
  const [u, v] = [graph.u[edge]!, graph.v[edge]!];
  const uIsSmall = size[u]! < size[v]! || (size[u] === size[v] && u < v);
  const [small, large] = uIsSmall ? [u, v] : [v, u];
  const block = 1 + PER_CHANNEL * channels;
  writeBlock(regions, small, size[small]!, channels, out, 0);
  writeBlock(regions, large, size[large]!, channels, out, block);
  writeBlock(graph.edges, edge, graph.edgeSize[edge]!, channels, out, 2 * block);
  let at = 3 * block;
  out[at++] = Math.abs(out[0]! - out[block]!);
  for (let c = 0; c < channels; c++) {
    const first = 1 + c * PER_CHANNEL;
    for (let k = first; k < first + MOMENTS; k++) out[at++] = Math.abs(out[k]! - out[block + k]!);
  }
  return out;
}

function writeBlock(
  { sums, bins }: Statistics,
  element: number,
  n: number,
  channels: number,
  out: Float64Array,
  start: number,
): void {
  out[start] = n;
  let at = start + 1;
  for (let c = 0; c < channels; c++) {
    const s = (element * channels + c) * MOMENTS;
    const mean = sums[s]! / n;
    const [second, third, fourth] = [sums[s + 1]! / n, sums[s + 2]! / n, sums[s + 3]! / n];
    const square = mean * mean;
    out[at++] = mean;
    out[at++] = second - square;
    out[at++] = third - 3 * mean * second + 2 * square * mean;
    out[at++] = fourth - 4 * mean * third + 6 * square * second - 3 * square * square;
    const b = (element * channels + c) * BINS;
    for (const q of QUANTILES) out[at++] = quantile(bins, b, n, q);
  }
}

/** Linear inside the first bin at which the cumulative count reaches n · q; NaN when there is no voxel. */
function quantile(bins: Uint32Array, start: number, n: number, q: number): number {
  const wanted = n * q;
  let before = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const here = bins[start + bin]!;
    if (before + here >= wanted) return (bin + (wanted - before) / here) / BINS;
    before += here;
  }
  return Number.NaN;
}
