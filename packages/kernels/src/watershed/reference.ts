import type { Shape3 } from "../shape.ts";

/** Plain version of `seededWatershed`: one array per level as queue, always taken from the lowest level. */
export function seededWatershedReference(
  levels: ArrayLike<number>,
  labels: Uint32Array,
  [nz, ny, nx]: Shape3,
  mask: ArrayLike<number> | null = null,
): void {
  const queues: number[][] = [];
  const push = (i: number, level: number) => {
    queues[level] ??= [];
    queues[level].push(i);
  };
  for (let i = 0; i < labels.length; i++) {
    if (mask !== null && mask[i] === 0) labels[i] = 0;
    if (labels[i] !== 0) push(i, levels[i]!);
  }
  for (let level = 0; level < queues.length; level++) {
    // also visits what is pushed meanwhile
    for (const i of queues[level] ?? []) {
      for (const j of neighbours(i)) {
        if (labels[j] !== 0 || (mask !== null && mask[j] === 0)) continue;
        labels[j] = labels[i]!;
        push(j, Math.max(level, levels[j]!));
      }
    }
  }

  /** In scan order. */
  function neighbours(i: number): number[] {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    const found: number[] = [];
    if (z > 0) found.push(i - nx * ny);
    if (y > 0) found.push(i - nx);
    if (x > 0) found.push(i - 1);
    if (x + 1 < nx) found.push(i + 1);
    if (y + 1 < ny) found.push(i + nx);
    if (z + 1 < nz) found.push(i + nx * ny);
    return found;
  }
}
