import type { Shape3 } from "../shape.ts";

/** Plain version of `localMaxima`: collects each plateau with all its neighbours. */
export function localMaximaReference(
  values: Float32Array,
  [nz, ny, nx]: Shape3,
  minimum = -Infinity,
  mask: Uint8Array | null = null,
): Uint8Array {
  const out = new Uint8Array(values.length);
  const seen = new Set<number>();
  for (let first = 0; first < values.length; first++) {
    if (seen.has(first) || mask?.[first] === 0) continue;
    const plateau = new Set([first]);
    let highest = -Infinity;
    for (const i of plateau) {
      for (const j of neighbours(i)) {
        if (mask?.[j] === 0) continue;
        if (values[j] === values[first]) plateau.add(j);
        else highest = Math.max(highest, values[j]!);
      }
    }
    for (const i of plateau) {
      seen.add(i);
      out[i] = values[first]! >= minimum && highest <= values[first]! ? 1 : 0;
    }
  }
  return out;

  function neighbours(i: number): number[] {
    const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx];
    const found: number[] = [];
    for (let a = Math.max(z - 1, 0); a <= Math.min(z + 1, nz - 1); a++) {
      for (let b = Math.max(y - 1, 0); b <= Math.min(y + 1, ny - 1); b++) {
        for (let c = Math.max(x - 1, 0); c <= Math.min(x + 1, nx - 1); c++) found.push((a * ny + b) * nx + c);
      }
    }
    return found;
  }
}
