/**
 * Separable Gaussian smoothing with one rolling window of slices.
 *
 *     values ─▸ slice z ─ along x ─ along y ─▸ ring of 2R+1 slices ─ along z ─▸ out[z - R]
 *
 * All three axes are the same loop: a row of the result is a weighted sum of 2R+1 rows, which along x are the same padded row,
 * shifted. Each voxel is summed in this order, every operation rounded to float32, so that a SIMD version gives the same bits:
 *
 *     sum = tap[0]·c;  sum = sum + tap[k]·(left[k] + right[k])  for k = 1 … R
 *
 * Beyond the border the volume is mirrored about its first and last voxel (… 2 1 │ 0 1 2 …). Slices are read before they are
 * written, so `out` may be `values`. O(voxels · (Rx + Ry + Rz)) time, 2Rz + 2 slices of memory.
 */
import type { Shape3 } from "../shape.ts";

/** `taps` of z, y, x as `gaussianTaps` makes them. No size of the shape is 0. */
export function smooth(
  values: Float32Array,
  [nz, ny, nx]: Shape3,
  taps: readonly [Float32Array, Float32Array, Float32Array],
  out: Float32Array,
): void {
  const [tapsZ, tapsY, tapsX] = taps;
  const area = ny * nx;
  const depth = tapsZ.length - 1;
  const slots = Math.min(nz, 2 * depth + 1);
  const ring = new Float32Array(slots * area);
  const slice = new Float32Array(area);
  const padded = new Float32Array(nx + 2 * (tapsX.length - 1));
  const rowsZ = new Int32Array(2 * tapsZ.length);
  const rowsY = new Int32Array(2 * tapsY.length);
  for (let z = 0, ready = 0; z < nz; z++) {
    for (; ready < nz && ready <= z + depth; ready++) {
      alongX(values, ready * area, nx, ny, tapsX, padded, slice);
      const slot = (ready % slots) * area;
      for (let y = 0; y < ny; y++) {
        for (let k = 0; k < tapsY.length; k++) {
          rowsY[2 * k] = mirrored(y - k, ny) * nx;
          rowsY[2 * k + 1] = mirrored(y + k, ny) * nx;
        }
        sumRows(slice, rowsY, tapsY, ring, slot + y * nx, nx);
      }
    }
    for (let k = 0; k < tapsZ.length; k++) {
      rowsZ[2 * k] = (mirrored(z - k, nz) % slots) * area;
      rowsZ[2 * k + 1] = (mirrored(z + k, nz) % slots) * area;
    }
    sumRows(ring, rowsZ, tapsZ, out, z * area, area);
  }
}

/** Half of a normalised sampled Gaussian, centre first: exp(-k²/2σ²) / sum in float64, then rounded. Only [1] where sigma is 0. */
export function gaussianTaps(sigma: number, truncate: number): Float32Array {
  if (sigma === 0) return Float32Array.of(1);
  const radius = Math.floor(truncate * sigma + 0.5);
  const half = Array.from({ length: radius + 1 }, (_, k) => Math.exp((-0.5 * k * k) / (sigma * sigma)));
  const sum = half.reduce((total, tap, k) => total + (k === 0 ? tap : 2 * tap), 0);
  return Float32Array.from(half, (tap) => tap / sum);
}

/** Index inside 0 … n-1 of position i of the mirrored line. */
export function mirrored(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * n - 2;
  const inPeriod = ((i % period) + period) % period;
  return inPeriod < n ? inPeriod : period - inPeriod;
}

function alongX(
  values: Float32Array,
  start: number,
  nx: number,
  ny: number,
  taps: Float32Array,
  padded: Float32Array,
  slice: Float32Array,
): void {
  const radius = taps.length - 1;
  const rows = new Int32Array(2 * taps.length);
  for (let k = 0; k < taps.length; k++) {
    rows[2 * k] = radius - k;
    rows[2 * k + 1] = radius + k;
  }
  for (let y = 0; y < ny; y++) {
    const row = start + y * nx;
    for (let x = 0; x < nx; x++) padded[radius + x] = values[row + x]!;
    for (let k = 1; k <= radius; k++) {
      padded[radius - k] = values[row + mirrored(-k, nx)]!;
      padded[radius + nx - 1 + k] = values[row + mirrored(nx - 1 + k, nx)]!;
    }
    sumRows(padded, rows, taps, slice, y * nx, nx);
  }
}

/** Weighted sum of the rows of `source` that begin at `rows` (left and right of tap 0, of tap 1, …); four voxels at a time. */
function sumRows(
  source: Float32Array,
  rows: Int32Array,
  taps: Float32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const { fround } = Math;
  const count = taps.length;
  const centre = rows[0]!;
  const first = taps[0]!;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const c = centre + i;
    let s0 = fround(first * source[c]!);
    let s1 = fround(first * source[c + 1]!);
    let s2 = fround(first * source[c + 2]!);
    let s3 = fround(first * source[c + 3]!);
    for (let k = 1; k < count; k++) {
      const tap = taps[k]!;
      const left = rows[2 * k]! + i;
      const right = rows[2 * k + 1]! + i;
      s0 = fround(s0 + fround(tap * fround(source[left]! + source[right]!)));
      s1 = fround(s1 + fround(tap * fround(source[left + 1]! + source[right + 1]!)));
      s2 = fround(s2 + fround(tap * fround(source[left + 2]! + source[right + 2]!)));
      s3 = fround(s3 + fround(tap * fround(source[left + 3]! + source[right + 3]!)));
    }
    out[start + i] = s0;
    out[start + i + 1] = s1;
    out[start + i + 2] = s2;
    out[start + i + 3] = s3;
  }
  for (; i < length; i++) {
    let sum = fround(first * source[centre + i]!);
    for (let k = 1; k < count; k++) {
      sum = fround(sum + fround(taps[k]! * fround(source[rows[2 * k]! + i]! + source[rows[2 * k + 1]! + i]!)));
    }
    out[start + i] = sum;
  }
}
