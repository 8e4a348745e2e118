import type { Statistics } from "./statistics.ts";

export interface FeatureGraph {
  channels: number;
  /** Labels of the regions, rising. Elsewhere a region is its position here. */
  ids: Uint32Array;
  /** Voxels of each region, and those at the boundary. */
  size: Float64Array;
  boundary: Float64Array;
  regions: Statistics;
  /** Edges, sorted: positions u < v of the regions. */
  u: Uint32Array;
  v: Uint32Array;
  /** Pairs of a voxel and a touching region, of both sides. */
  edgeSize: Float64Array;
  edges: Statistics;
}
