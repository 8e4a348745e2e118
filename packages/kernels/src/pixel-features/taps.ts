/**
 * Taps of the one-dimensional filters, g(x) = exp(-x² / 2σ²) for x = -r … r. The radius is round(window · σ); window 0 is automatic,
 * 3 + order / 2. Truncated kernels are normalised to the response of the whole one: order 0 sums to 1, order 1 answers 1 to the slope 1,
 * order 2 answers 2 to x² and 0 to a constant.
 *
 * Which operation rounds to float32, and when, decides the last bit of every feature; each engine has its own rules.
 */

const { exp, floor, fround, ceil, PI, sqrt } = Math;

/** vigra: at least 1. */
export function vigraRadius(sigma: number, order: number, window: number): number {
  return Math.max(1, floor((window === 0 ? 3 + order / 2 : window) * sigma + 0.5));
}

/** fastfilters: may be 0. */
export function fastRadius(sigma: number, order: number, window: number): number {
  return window === 0 ? ceil((3 + order / 2) * sigma) : floor(window * sigma + 0.5);
}

/** vigra's smoothing kernel: float64, from -r to r. */
export function vigraSmoothingTaps(sigma: number, window: number): Float64Array {
  const radius = vigraRadius(sigma, 0, window);
  const factor = 1 / sqrt(2 * PI) / sigma;
  const taps = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => factor * exp((i - radius) ** 2 * (-0.5 / sigma / sigma)));
  let sum = 0;
  for (const tap of taps) sum += tap;
  const scale = 1 / sum;
  return taps.map((tap) => tap * scale);
}

/**
 * vigra's kernels of derivative filters: float32, from -r to r. Everything is rounded as it is computed, the terms of the norm only when
 * they are added; "divide by the norm" is to multiply by its float32 reciprocal.
 */
export function vigraDerivativeTaps(sigma: number, order: 0 | 1 | 2, window: number): Float32Array {
  const radius = vigraRadius(sigma, order, window);
  const s = fround(sigma);
  const exponent = fround(-0.5 / s / s);
  const factor = fround(order === 0 ? 1 / sqrt(2 * PI) / s : -1 / (sqrt(2 * PI) * fround(s * s) * s));
  const taps = Float32Array.from({ length: 2 * radius + 1 }, (_, i) => {
    const x = i - radius;
    const g = fround(factor * fround(exp(fround(fround(x * x) * exponent))));
    if (order === 0) return g;
    if (order === 1) return x * g;
    const relative = fround(x / s);
    return (1 - fround(relative * relative)) * g;
  });
  if (order > 0) {
    let mean = 0;
    for (const tap of taps) mean = fround(mean + tap);
    mean = fround(mean / (2 * radius + 1));
    for (let i = 0; i < taps.length; i++) taps[i]! -= mean;
  }
  let norm = 0;
  for (let i = 0; i < taps.length; i++) {
    const x = radius - i; // -x of the tap
    const term = order === 0 ? taps[i]! : order === 1 ? taps[i]! * x : (taps[i]! * x * x) / 2;
    norm = fround(norm + term);
  }
  const scale = fround(1 / norm);
  return taps.map((tap) => tap * scale);
}

/** Half of fastfilters' kernel, from the centre: values and sums in float64, stored as float32. Order 1 is for in[i + k] - in[i - k]. */
export function fastTaps(sigma: number, order: 0 | 1 | 2, window: number): Float32Array {
  const radius = fastRadius(sigma, order, window);
  const factor = (order === 0 ? 1 : -1 / (sigma * sigma)) / (sqrt(2 * PI) * sigma);
  const half = Float32Array.from({ length: radius + 1 }, (_, k) => {
    const g = factor * exp((-0.5 * k * k) / (sigma * sigma));
    if (order === 0) return g;
    return order === 1 ? k * g : (1 - (k / sigma) ** 2) * g;
  });
  if (order === 2) {
    const mean = (half[0]! + 2 * half.subarray(1).reduce((sum, tap) => sum + tap, 0)) / (2 * radius + 1);
    for (let k = 0; k <= radius; k++) half[k]! -= mean;
  }
  let norm = order === 0 ? half[0]! : 0;
  for (let k = 1; k <= radius; k++) norm += half[k]! * [2, 2 * k, k * k][order]!;
  return half.map((tap) => tap / norm);
}
