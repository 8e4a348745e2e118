import type { Shape3 } from "../shape.ts";
import { gaussianTaps, mirrored } from "./smooth.ts";

/** Plain version of `gaussianSmooth`: whole volume along x, then y, then z. */
export function gaussianSmoothReference(
  values: Float32Array,
  [nz, ny, nx]: Shape3,
  sigma: readonly [number, number, number],
  truncate = 3,
): Float32Array {
  let result = values.slice();
  for (const axis of [2, 1, 0] as const) {
    const taps = gaussianTaps(sigma[axis], truncate);
    const source = result;
    result = new Float32Array(values.length);
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++) {
          const at = (shift: number) => {
            const [a, b, c] = [
              mirrored(axis === 0 ? z + shift : z, nz),
              mirrored(axis === 1 ? y + shift : y, ny),
              mirrored(axis === 2 ? x + shift : x, nx),
            ];
            return source[(a * ny + b) * nx + c]!;
          };
          let sum = Math.fround(taps[0]! * at(0));
          for (let k = 1; k < taps.length; k++) sum = Math.fround(sum + Math.fround(taps[k]! * Math.fround(at(-k) + at(k))));
          result[(z * ny + y) * nx + x] = sum;
        }
      }
    }
  }
  return result;
}
