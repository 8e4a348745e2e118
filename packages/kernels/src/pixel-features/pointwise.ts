/** Voxel by voxel, in float32. */
import { type Field, type Region, sizeOf } from "./field.ts";
import type { FeatureEngine } from "./types.ts";

const { fround, sqrt } = Math;

export function subtract(a: Float32Array, b: Float32Array, count: number, out: Float32Array): void {
  for (let i = 0; i < count; i++) out[i] = a[i]! - b[i]!;
}

export function product(a: Float32Array, b: Float32Array, count: number, out: Float32Array): void {
  for (let i = 0; i < count; i++) out[i] = a[i]! * b[i]!;
}

/** (xx + yy) + zz, or xx + yy. */
export function laplacian([xx, yy, zz]: readonly Float32Array[], count: number, out: Float32Array): void {
  if (zz === undefined) for (let i = 0; i < count; i++) out[i] = xx![i]! + yy![i]!;
  else for (let i = 0; i < count; i++) out[i] = fround(xx![i]! + yy![i]!) + zz[i]!;
}

/** Length of the gradient (x, y, z or x, y) in a part of its region; vigra adds y² and z² first, fastfilters x² and y². */
export function gradientMagnitude([x, y, z]: readonly Field[], region: Region, engine: FeatureEngine, out: Float32Array): void {
  const { start } = x!.region;
  const [, sy, sx] = sizeOf(x!.region);
  const [nz, ny, nx] = sizeOf(region);
  const [gx, gy, gz] = [x!.data, y!.data, z?.data];
  let o = 0;
  for (let k = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      const from = ((k + region.start[0] - start[0]) * sy + j + region.start[1] - start[1]) * sx + region.start[2] - start[2];
      for (let i = from; i < from + nx; i++, o++) {
        const xx = fround(gx[i]! * gx[i]!);
        const yy = fround(gy[i]! * gy[i]!);
        if (gz === undefined) out[o] = sqrt(fround(xx + yy));
        else {
          const zz = fround(gz[i]! * gz[i]!);
          out[o] = sqrt(engine === "vigra" ? fround(xx + fround(yy + zz)) : fround(fround(xx + yy) + zz));
        }
      }
    }
  }
}
