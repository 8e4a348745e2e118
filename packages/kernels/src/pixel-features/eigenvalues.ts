/**
 * Eigenvalues of symmetric matrices of 2 or 3 rows, largest first, from their entries a voxel. Closed forms; the two engines differ in what
 * is rounded to float32, so each has its own.
 *
 *   3 × 3 (a: entries, trace c2, sum of the principal minors c1, determinant c0), in trigonometric form:
 *     m = c2 / 3,  p = min(0, (c1 - c2 m) / 3),  b = (c0 + m (2 m² - c1)) / 2,  q = min(0, b² + p³)
 *     θ = atan2(√-q, b) / 3,   m + 2 √-p cos θ,   m - √-p (cos θ + √3 sin θ),   m - √-p (cos θ - √3 sin θ)
 *
 * D. Eberly, "Eigensystems for 3 × 3 Symmetric Matrices"; the rounding is that of vigra and of fastfilters (without fused operations).
 */
import type { FeatureEngine } from "./types.ts";

const { abs, atan2, cos, fround, max, min, sin, sqrt } = Math;
const THIRD = 1 / 3;
const ROOT3 = sqrt(3);

/** xx, xy, xz, yy, yz, zz of each voxel. */
type Entries3 = readonly [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
/** xx, xy, yy of each voxel. */
type Entries2 = readonly [Float32Array, Float32Array, Float32Array];

/** vigra: minors in float32, the rest in float64. Writes `count` values each of the largest, middle and smallest from `at`. */
function vigraEigenvalues3(entries: Entries3, count: number, out: readonly Float32Array[]): void {
  const [xx, xy, xz, yy, yz, zz] = entries;
  const [large, middle, small] = out as [Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < count; i++) {
    const a00 = xx[i]!;
    const a01 = xy[i]!;
    const a02 = xz[i]!;
    const a11 = yy[i]!;
    const a12 = yz[i]!;
    const a22 = zz[i]!;
    const c0 =
      fround(fround(a00 * a11) * a22) +
      2 * a01 * a02 * a12 -
      fround(fround(a00 * a12) * a12) -
      fround(fround(a11 * a02) * a02) -
      fround(fround(a22 * a01) * a01);
    const c1 = fround(
      fround(
        fround(fround(fround(fround(a00 * a11) - fround(a01 * a01)) + fround(a00 * a22)) - fround(a02 * a02)) + fround(a11 * a22),
      ) - fround(a12 * a12),
    );
    const c2 = fround(fround(a00 + a11) + a22);
    const m = c2 * THIRD;
    const p = min(0, (c1 - c2 * m) * THIRD);
    const b = 0.5 * (c0 + m * (2 * m * m - c1));
    const q = min(0, b * b + p * p * p);
    const magnitude = sqrt(-p);
    const angle = atan2(sqrt(-q), b) * THIRD;
    const c = cos(angle);
    const s = ROOT3 * sin(angle);
    const r0 = fround(m + 2 * magnitude * c);
    const r1 = fround(m - magnitude * (c + s));
    const r2 = fround(m - magnitude * (c - s));
    const high = max(r0, r1);
    const low = min(r0, r1);
    large[i] = max(high, r2);
    middle[i] = max(low, min(high, r2));
    small[i] = min(low, r2);
  }
}

/** vigra, in float64. */
function vigraEigenvalues2([xx, xy, yy]: Entries2, count: number, out: readonly Float32Array[]): void {
  const [large, small] = out as [Float32Array, Float32Array];
  for (let i = 0; i < count; i++) {
    const sum = fround(xx[i]! + yy[i]!);
    const difference = fround(xx[i]! - yy[i]!);
    const d = sqrt(difference * difference + 4 * xy[i]! * xy[i]!);
    large[i] = 0.5 * (sum + d);
    small[i] = 0.5 * (sum - d);
  }
}

/** fastfilters: all in float32, entries divided by their largest size. */
function fastEigenvalues3(entries: Entries3, count: number, out: readonly Float32Array[]): void {
  const [xx, xy, xz, yy, yz, zz] = entries;
  const [large, middle, small] = out as [Float32Array, Float32Array, Float32Array];
  const third = fround(1 / 3);
  const root3 = fround(ROOT3);
  for (let i = 0; i < count; i++) {
    const most = max(abs(xx[i]!), abs(xy[i]!), abs(xz[i]!), abs(yy[i]!), abs(yz[i]!), abs(zz[i]!));
    const by = most === 0 ? 1 : most;
    const a00 = fround(zz[i]! / by);
    const a01 = fround(yz[i]! / by);
    const a02 = fround(xz[i]! / by);
    const a11 = fround(yy[i]! / by);
    const a12 = fround(xy[i]! / by);
    const a22 = fround(xx[i]! / by);
    let c0 = fround(fround(fround(a00 * a11) * a22) + fround(fround(fround(2 * a01) * a02) * a12));
    c0 = fround(c0 - fround(fround(a00 * a12) * a12));
    c0 = fround(c0 - fround(fround(a11 * a02) * a02));
    c0 = fround(c0 - fround(fround(a22 * a01) * a01));
    let c1 = fround(fround(a00 * a11) - fround(a01 * a01));
    c1 = fround(fround(c1 + fround(a00 * a22)) - fround(a02 * a02));
    c1 = fround(fround(c1 + fround(a11 * a22)) - fround(a12 * a12));
    const c2 = fround(fround(a00 + a11) + a22);
    const m = fround(c2 * third);
    const p = min(0, fround(fround(c1 - fround(c2 * m)) * third));
    const b = fround(0.5 * fround(c0 + fround(m * fround(fround(2 * fround(m * m)) - c1))));
    const q = min(0, fround(fround(b * b) + fround(fround(p * p) * p)));
    const magnitude = fround(sqrt(-p));
    const angle = fround(fround(atan2(fround(sqrt(-q)), b)) * third);
    const c = fround(cos(angle));
    const s = fround(root3 * fround(sin(angle)));
    const r0 = fround(fround(m + fround(fround(2 * magnitude) * c)) * by);
    const r1 = fround(fround(m - fround(magnitude * fround(c + s))) * by);
    const r2 = fround(fround(m - fround(magnitude * fround(c - s))) * by);
    const high = max(r0, r1);
    const low = min(r0, r1);
    large[i] = max(high, r2);
    middle[i] = max(low, min(high, r2));
    small[i] = min(low, r2);
  }
}

/** fastfilters: mean ± √(((xx - yy) / 2)² + xy²) in float32. */
function fastEigenvalues2([xx, xy, yy]: Entries2, count: number, out: readonly Float32Array[]): void {
  const [large, small] = out as [Float32Array, Float32Array];
  for (let i = 0; i < count; i++) {
    const mean = fround(0.5 * fround(xx[i]! + yy[i]!));
    const half = fround(0.5 * fround(xx[i]! - yy[i]!));
    const d = fround(sqrt(fround(fround(half * half) + fround(xy[i]! * xy[i]!))));
    large[i] = fround(mean + d);
    small[i] = fround(mean - d);
  }
}

/** Of 3 × 3 (six entries) or 2 × 2 (three) matrices. */
export function eigenvaluesOf(
  engine: FeatureEngine,
  entries: readonly Float32Array[],
  count: number,
  out: readonly Float32Array[],
): void {
  if (entries.length === 3) (engine === "vigra" ? vigraEigenvalues2 : fastEigenvalues2)(entries as unknown as Entries2, count, out);
  else (engine === "vigra" ? vigraEigenvalues3 : fastEigenvalues3)(entries as unknown as Entries3, count, out);
}
