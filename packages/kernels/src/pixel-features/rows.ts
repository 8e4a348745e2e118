/**
 * The inner loops of the line filters: a row of the result is a weighted sum of 2r + 1 rows of the source, which begin at `rows` (those of
 * the positions i - r … i + r). What is rounded to float32 decides the last bit, so each kind has its own:
 *
 *     double   s = s + tap·v in float64, rounded once at the end                                            (vigra's smoothing)
 *     single   s = fround(s + fround(tap·v)), float32 taps                                                  (vigra's derivatives)
 *     mixed    the same with float64 taps                                                                   (vigra's structure tensor)
 *     even     s = fround(s + fround(tap[k]·fround(v[i + k] + v[i - k]))), from the centre; half of the taps       (fastfilters)
 *     odd      the same with v[i + k] - v[i - k]
 *
 * Sums start at 0, so that none is -0. Three and five taps, by far the most frequent, go without a loop.
 */
import type { LineFilter } from "./scales.ts";

const { fround } = Math;

/** Writes `length` values to `out` from `start`. */
export function filterRows(
  filter: LineFilter,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const { kind, radius, taps } = filter;
  if (kind === "double") (radius === 1 ? double3 : radius === 2 ? double5 : doubles)(taps, source, rows, out, start, length);
  else if (kind === "single") (radius === 2 ? single5 : singles)(taps, source, rows, out, start, length);
  else if (kind === "mixed") (radius === 1 ? mixed3 : mixeds)(taps, source, rows, out, start, length);
  else if (kind === "even") (radius === 1 ? even3 : radius === 2 ? even5 : evens)(taps, source, rows, out, start, length);
  else (radius === 2 ? odd5 : odds)(taps, source, rows, out, start, length);
}

function doubles(
  taps: Float64Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const count = taps.length;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let t = 0; t < count; t++) {
      const tap = taps[t]!;
      const at = rows[t]! + i;
      s0 += tap * source[at]!;
      s1 += tap * source[at + 1]!;
      s2 += tap * source[at + 2]!;
      s3 += tap * source[at + 3]!;
    }
    out[start + i] = s0;
    out[start + i + 1] = s1;
    out[start + i + 2] = s2;
    out[start + i + 3] = s3;
  }
  for (; i < length; i++) {
    let sum = 0;
    for (let t = 0; t < count; t++) sum += taps[t]! * source[rows[t]! + i]!;
    out[start + i] = sum;
  }
}

function double3(
  taps: Float64Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const [a, b, c] = taps as unknown as [number, number, number];
  const [p, q, r] = rows as unknown as [number, number, number];
  for (let i = 0; i < length; i++) out[start + i] = 0 + a * source[p + i]! + b * source[q + i]! + c * source[r + i]!;
}

function double5(
  taps: Float64Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const [a, b, c, d, e] = taps as unknown as [number, number, number, number, number];
  const [p, q, r, s, t] = rows as unknown as [number, number, number, number, number];
  for (let i = 0; i < length; i++) {
    out[start + i] = 0 + a * source[p + i]! + b * source[q + i]! + c * source[r + i]! + d * source[s + i]! + e * source[t + i]!;
  }
}

function singles(
  taps: Float32Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    let sum = fround(0);
    for (let t = 0; t < taps.length; t++) sum = fround(sum + fround(taps[t]! * source[rows[t]! + i]!));
    out[start + i] = sum;
  }
}

function single5(
  taps: Float32Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const [a, b, c, d, e] = [fround(taps[0]!), fround(taps[1]!), fround(taps[2]!), fround(taps[3]!), fround(taps[4]!)];
  const [p, q, r, s, t] = rows as unknown as [number, number, number, number, number];
  for (let i = 0; i < length; i++) {
    let sum = fround(fround(0 + fround(a * source[p + i]!)) + fround(b * source[q + i]!));
    sum = fround(sum + fround(c * source[r + i]!));
    sum = fround(sum + fround(d * source[s + i]!));
    out[start + i] = fround(sum + fround(e * source[t + i]!));
  }
}

function mixeds(
  taps: Float64Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    let sum = fround(0);
    for (let t = 0; t < taps.length; t++) sum = fround(sum + fround(taps[t]! * source[rows[t]! + i]!));
    out[start + i] = sum;
  }
}

function mixed3(
  taps: Float64Array,
  source: Float32Array,
  rows: Int32Array,
  out: Float32Array,
  start: number,
  length: number,
): void {
  const [a, b, c] = taps as unknown as [number, number, number];
  const [p, q, r] = rows as unknown as [number, number, number];
  for (let i = 0; i < length; i++) {
    const sum = fround(fround(0 + fround(a * source[p + i]!)) + fround(b * source[q + i]!));
    out[start + i] = fround(sum + fround(c * source[r + i]!));
  }
}

function evens(taps: Float32Array, source: Float32Array, rows: Int32Array, out: Float32Array, start: number, length: number): void {
  const radius = taps.length - 1;
  for (let i = 0; i < length; i++) {
    let sum = fround(taps[0]! * source[rows[radius]! + i]!);
    for (let k = 1; k <= radius; k++) {
      sum = fround(sum + fround(taps[k]! * fround(source[rows[radius + k]! + i]! + source[rows[radius - k]! + i]!)));
    }
    out[start + i] = sum;
  }
}

function even3(taps: Float32Array, source: Float32Array, rows: Int32Array, out: Float32Array, start: number, length: number): void {
  const [a, b] = [fround(taps[0]!), fround(taps[1]!)];
  const [p, q, r] = rows as unknown as [number, number, number];
  for (let i = 0; i < length; i++) {
    out[start + i] = fround(fround(a * source[q + i]!) + fround(b * fround(source[r + i]! + source[p + i]!)));
  }
}

function even5(taps: Float32Array, source: Float32Array, rows: Int32Array, out: Float32Array, start: number, length: number): void {
  const [a, b, c] = [fround(taps[0]!), fround(taps[1]!), fround(taps[2]!)];
  const [p, q, r, s, t] = rows as unknown as [number, number, number, number, number];
  for (let i = 0; i < length; i++) {
    const sum = fround(fround(a * source[r + i]!) + fround(b * fround(source[s + i]! + source[q + i]!)));
    out[start + i] = fround(sum + fround(c * fround(source[t + i]! + source[p + i]!)));
  }
}

function odds(taps: Float32Array, source: Float32Array, rows: Int32Array, out: Float32Array, start: number, length: number): void {
  const radius = taps.length - 1;
  for (let i = 0; i < length; i++) {
    let sum = fround(taps[0]! * source[rows[radius]! + i]!);
    for (let k = 1; k <= radius; k++) {
      sum = fround(sum + fround(taps[k]! * fround(source[rows[radius + k]! + i]! - source[rows[radius - k]! + i]!)));
    }
    out[start + i] = sum;
  }
}

function odd5(taps: Float32Array, source: Float32Array, rows: Int32Array, out: Float32Array, start: number, length: number): void {
  const [a, b, c] = [fround(taps[0]!), fround(taps[1]!), fround(taps[2]!)];
  const [p, q, r, s, t] = rows as unknown as [number, number, number, number, number];
  for (let i = 0; i < length; i++) {
    const sum = fround(fround(a * source[r + i]!) + fround(b * fround(source[s + i]! - source[q + i]!)));
    out[start + i] = fround(sum + fround(c * fround(source[t + i]! - source[p + i]!)));
  }
}
