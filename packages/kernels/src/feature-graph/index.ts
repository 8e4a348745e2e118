/**
 * Region adjacency graph of a label volume with statistics of voxel probabilities, and the features of an edge made from them.
 *
 * Idea: one scan. A voxel v of region L adds itself to L, and once to the edge {L, M} for every other region M among its 6 neighbours,
 * however many faces touch M; the voxels on M's side do the same. v is on the boundary of L when a neighbour is 0 or outside the volume.
 * Edges are found through one hash table, with the last edge of each direction kept. O(voxels · channels + edges · log edges).
 *
 *            M              edge {L, M}: v once, though two faces touch M
 *        M ─ v ─ N          edge {L, N}: v once
 *            0              boundary of L: v once
 *
 * Reference: J. Nunez-Iglesias et al., PLoS ONE 2013; T. Parag et al., PLoS ONE 2015 (NeuroProof). Regions and edges are sorted, sums run
 * in scan order: equal input gives equal bits.
 *
 *     const graph = featureGraph(supervoxels, predictions, 2, shape);
 *     const row = edgeFeatures(graph, 0);      // 66 numbers: the edge of regions ids[u[0]] and ids[v[0]]
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { scanGraph } from "./scan.ts";
import type { FeatureGraph } from "./types.ts";

export { edgeFeatures, featureCount, featureNames } from "./features.ts";
export type { FeatureGraph } from "./types.ts";

/**
 * The graph of all regions (label 0 is none). `predictions`: [z, y, x, channel], float32, or uint8 meaning value / 255.
 * Wrong lengths, or a value that is no finite number: E_KERNEL_ARGUMENT.
 */
export function featureGraph(
  labels: Uint32Array,
  predictions: Float32Array | Uint8Array,
  channels: number,
  shape: Shape3,
): FeatureGraph {
  checkLength("featureGraph labels", labels.length, shape);
  checkLength("featureGraph predictions", predictions.length, [...shape, channels]);
  if (predictions instanceof Float32Array) checkFinite(predictions, channels, shape);
  return scanGraph(labels, predictions, channels, shape);
}

function checkFinite(values: Float32Array, channels: number, [, ny, nx]: Shape3): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value - value === 0) continue;
    const voxel = Math.floor(i / channels);
    const [z, y, x] = [Math.floor(voxel / (ny * nx)), Math.floor(voxel / nx) % ny, voxel % nx];
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `featureGraph predictions: expected finite numbers, found ${value} at x ${x}, y ${y}, z ${z}, channel ${i % channels}`,
    );
  }
}
