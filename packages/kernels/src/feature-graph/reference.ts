import type { Shape3 } from "../shape.ts";
import { addVoxel, makeStatistics } from "./statistics.ts";
import type { FeatureGraph } from "./types.ts";

/** Plain version of `featureGraph`: every voxel, a set of its neighbours' labels, a list of voxels per region and edge. */
export function featureGraphReference(
  labels: Uint32Array,
  predictions: Float32Array | Uint8Array,
  channels: number,
  [nz, ny, nx]: Shape3,
): FeatureGraph {
  const values = predictions instanceof Uint8Array ? Float32Array.from(predictions, (p) => p / 255) : predictions;
  const at = (z: number, y: number, x: number) =>
    z < 0 || y < 0 || x < 0 || z >= nz || y >= ny || x >= nx ? 0 : labels[(z * ny + y) * nx + x]!;
  const ofRegion = new Map<number, number[]>();
  const ofEdge = new Map<string, number[]>();
  const onBoundary = new Map<number, number>();
  const put = <K>(lists: Map<K, number[]>, key: K, voxel: number) => lists.set(key, [...(lists.get(key) ?? []), voxel]);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === 0) continue;
    const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx];
    const around = [at(z, y, x - 1), at(z, y, x + 1), at(z, y - 1, x), at(z, y + 1, x), at(z - 1, y, x), at(z + 1, y, x)];
    put(ofRegion, label, i);
    if (around.includes(0)) onBoundary.set(label, (onBoundary.get(label) ?? 0) + 1);
    for (const other of new Set(around)) {
      if (other !== 0 && other !== label) put(ofEdge, `${Math.min(label, other)} ${Math.max(label, other)}`, i);
    }
  }
  const ids = [...ofRegion.keys()].sort((a, b) => a - b);
  const pairs = [...ofEdge.keys()]
    .map((key) => key.split(" ").map((id) => ids.indexOf(Number(id))) as [number, number])
    .sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const collect = (lists: number[][]) => {
    const statistics = makeStatistics(lists.length, channels);
    lists.forEach((voxels, k) => {
      for (const voxel of voxels) addVoxel(statistics, k, values, voxel * channels, channels);
    });
    return statistics;
  };
  const regionVoxels = ids.map((id) => ofRegion.get(id)!);
  const edgeVoxels = pairs.map(([u, v]) => ofEdge.get(`${ids[u]} ${ids[v]}`)!);
  return {
    channels,
    ids: Uint32Array.from(ids),
    size: Float64Array.from(regionVoxels, (voxels) => voxels.length),
    boundary: Float64Array.from(ids, (id) => onBoundary.get(id) ?? 0),
    regions: collect(regionVoxels),
    u: Uint32Array.from(pairs, ([u]) => u),
    v: Uint32Array.from(pairs, ([, v]) => v),
    edgeSize: Float64Array.from(edgeVoxels, (voxels) => voxels.length),
    edges: collect(edgeVoxels),
  };
}
