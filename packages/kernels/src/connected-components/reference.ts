import type { Shape3 } from "../shape.ts";
import type { Connectivity } from "./connectivity.ts";

/** Plain version of `connectedComponents`: fills one component after the other, voxel by voxel. */
export function connectedComponentsReference(
  labels: ArrayLike<number> | ArrayLike<bigint>,
  [nz, ny, nx]: Shape3,
  connectivity: Connectivity,
): { labels: Uint32Array; count: number } {
  const out = new Uint32Array(labels.length);
  const steps = neighbours(connectivity);
  let count = 0;
  for (let seed = 0; seed < labels.length; seed++) {
    if (Number(labels[seed]) === 0 || out[seed] !== 0) continue;
    out[seed] = ++count;
    const stack = [seed];
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      const x = i % nx;
      const y = Math.floor(i / nx) % ny;
      const z = Math.floor(i / (nx * ny));
      for (const [dz, dy, dx] of steps) {
        if (z + dz < 0 || z + dz >= nz || y + dy < 0 || y + dy >= ny || x + dx < 0 || x + dx >= nx) continue;
        const j = i + (dz * ny + dy) * nx + dx;
        if (labels[j] !== labels[i] || out[j] !== 0) continue;
        out[j] = count;
        stack.push(j);
      }
    }
  }
  return { labels: out, count };
}

function neighbours(connectivity: Connectivity): Shape3[] {
  const most = { 6: 1, 18: 2, 26: 3 }[connectivity];
  const steps = [-1, 0, 1].flatMap((dz) => [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx): Shape3 => [dz, dy, dx])));
  return steps.filter((step) => {
    const changed = step.filter((d) => d !== 0).length;
    return changed > 0 && changed <= most;
  });
}
