/**
 * Mitochondria are left alone while other regions are merged, and are then given to the region that encloses most of their border.
 * Reference: T. Parag et al., PLoS ONE 2015.
 */
import type { FeatureGraph } from "../feature-graph/index.ts";
import { MOMENTS } from "../feature-graph/statistics.ts";
import { mergeLazily } from "./lazy-merging.ts";
import type { MergeGraph } from "./merge-graph.ts";

export interface Mitochondria {
  /** Channel of the predictions with the probability of mitochondria. */
  channel: number;
  /** A region is a mitochondrion when its mean there is at least this. NeuroProof: 0.35. */
  threshold: number;
  /** Merged when more than this part of its border touches the other region. NeuroProof: 0.2. */
  ratio: number;
}

/** 1 where the mean of the channel over the region's voxels is at least the threshold. */
export function findMitochondria(
  { ids, size, regions, channels }: FeatureGraph,
  { channel, threshold }: Pick<Mitochondria, "channel" | "threshold">,
): Uint8Array {
  return Uint8Array.from(ids, (_, k) => (regions.sums[(k * channels + channel) * MOMENTS]! / size[k]! >= threshold ? 1 : 0));
}

/** Merges mitochondria into regions that are none and no smaller, the largest part of the border first. The number of merges. */
export function mergeMitochondria(merging: MergeGraph, isMito: Uint8Array, ratio: number): number {
  const { graph } = merging;
  return mergeLazily(merging, {
    key(edge) {
      const [u, v] = [graph.u[edge]!, graph.v[edge]!];
      if (isMito[u] === isMito[v]) return Infinity;
      const [mito, other] = isMito[u] === 1 ? [u, v] : [v, u];
      return graph.size[mito]! <= graph.size[other]! ? 1 - graph.edgeSize[edge]! / merging.borderLength(mito) : Infinity;
    },
    accepts: (key) => key < 1 - ratio,
    survivor: (u, v) => (isMito[u] === 1 ? v : u),
  });
}
