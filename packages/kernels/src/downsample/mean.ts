/**
 * Mean of each window. The sum is taken in float64, in scan order (z, y, x) from 0 on; for integers it is exact, and the mean is rounded half
 * up. For float32 the sum is divided by the count in float64, and that is rounded to float32 once, where it is stored. O(voxels).
 */
import type { Shape3 } from "../shape.ts";

type Values = Uint8Array | Uint16Array | Uint32Array | Float32Array;

/** Fills `output`, of the same type. */
export function mean(input: Values, output: Values, shape: Shape3, factors: Shape3): void {
  const [nz, ny, nx] = shape;
  const [fz, fy, fx] = factors;
  const integer = !(input instanceof Float32Array);
  for (let z0 = 0, o = 0; z0 < nz; z0 += fz) {
    const z1 = Math.min(z0 + fz, nz);
    for (let y0 = 0; y0 < ny; y0 += fy) {
      const y1 = Math.min(y0 + fy, ny);
      for (let x0 = 0; x0 < nx; x0 += fx) {
        const span = Math.min(fx, nx - x0);
        let sum = 0;
        for (let z = z0; z < z1; z++) {
          for (let y = y0; y < y1; y++) {
            let i = (z * ny + y) * nx + x0;
            for (const end = i + span; i < end; i++) sum += input[i]!;
          }
        }
        const count = (z1 - z0) * (y1 - y0) * span;
        // half up in integers: floor(sum / count + 1/2)
        output[o++] = integer ? Math.floor((2 * sum + count) / (2 * count)) : sum / count;
      }
    }
  }
}
