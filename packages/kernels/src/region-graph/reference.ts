import type { Shape3 } from "../shape.ts";
import type { RegionGraph } from "./index.ts";

/** Plain version of `regionGraph`: every voxel, every lower neighbour, a map entry per edge. */
export function regionGraphReference(labels: Uint32Array, levels: Uint8Array | Uint16Array, shape: Shape3): RegionGraph {
  const edges = new Map<string, { u: number; v: number; sum: number; count: number }>();
  const at = (z: number, y: number, x: number) => (z * shape[1] + y) * shape[2] + x;
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++) {
        for (const [dz, dy, dx] of [
          [0, 0, 1],
          [0, 1, 0],
          [1, 0, 0],
        ] as const) {
          if (z < dz || y < dy || x < dx) continue;
          const here = at(z, y, x);
          const there = at(z - dz, y - dy, x - dx);
          const [p, q] = [labels[here]!, labels[there]!];
          if (p === q || p === 0 || q === 0) continue;
          const [u, v] = [Math.min(p, q), Math.max(p, q)];
          const edge = edges.get(`${u} ${v}`) ?? { u, v, sum: 0, count: 0 };
          edge.sum += levels[here]! + levels[there]!;
          edge.count += 2;
          edges.set(`${u} ${v}`, edge);
        }
      }
    }
  }
  const sorted = [...edges.values()].sort((e, f) => e.u - f.u || e.v - f.v);
  return {
    u: Uint32Array.from(sorted, (edge) => edge.u),
    v: Uint32Array.from(sorted, (edge) => edge.v),
    sum: Float64Array.from(sorted, (edge) => edge.sum),
    count: Float64Array.from(sorted, (edge) => edge.count),
  };
}
