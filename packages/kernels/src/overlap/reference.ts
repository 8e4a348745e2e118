import type { OverlapTable } from "./index.ts";

/** Plain version of `countOverlaps`: a map entry per pair, one step per voxel. */
export function countOverlapsReference(a: Uint32Array, b: Uint32Array, includeZero = false): OverlapTable {
  const counts = new Map<string, { a: number; b: number; voxels: number }>();
  a.forEach((p, i) => {
    const q = b[i]!;
    if (!includeZero && (p === 0 || q === 0)) return;
    const pair = counts.get(`${p} ${q}`) ?? { a: p, b: q, voxels: 0 };
    pair.voxels++;
    counts.set(`${p} ${q}`, pair);
  });
  const pairs = [...counts.values()].sort((x, y) => x.a - y.a || x.b - y.b);
  return {
    a: Uint32Array.from(pairs, (pair) => pair.a),
    b: Uint32Array.from(pairs, (pair) => pair.b),
    voxels: Float64Array.from(pairs, (pair) => pair.voxels),
  };
}
