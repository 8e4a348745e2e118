/**
 * Numbers from positions: the same on every machine, whatever box is asked for. Integers are hashed; between them is smooth value
 * noise (K. Perlin's interpolation 3t² - 2t³). Only + - * / are used.
 */

/** 32 well mixed bits of three integers and a seed (finaliser after C. Wellons' "low bias" hash). */
export function hash3(a: number, b: number, c: number, seed: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d) ^ Math.imul(seed, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** In [0, 1). */
export function unit3(a: number, b: number, c: number, seed: number): number {
  return hash3(a, b, c, seed) / 2 ** 32;
}

/** In [-1, 1). */
export function signed3(a: number, b: number, c: number, seed: number): number {
  return hash3(a, b, c, seed) / 2 ** 31 - 1;
}

/** 0 below 0, 1 above 1, 3t² − 2t³ between. */
export function smoothstep(t: number): number {
  if (t <= 0) return 0;
  return t >= 1 ? 1 : t * t * (3 - 2 * t);
}

/** Smooth noise in [-1, 1) along a line; `a`, `b` name the line; knots every `spacing`. */
export function lineNoise(position: number, spacing: number, a: number, b: number, seed: number): number {
  const knot = Math.floor(position / spacing);
  const t = smoothstep(position / spacing - knot);
  const left = signed3(a, b, knot, seed);
  return left + t * (signed3(a, b, knot + 1, seed) - left);
}

/** Smooth noise in [-1, 1) in space, its knots computed once for a range of coordinates. */
export class SpaceNoise {
  readonly #spacing: number;
  readonly #start: readonly [number, number, number];
  readonly #size: readonly [number, number, number];
  readonly #knots: Float64Array;

  /** `start`, `stop`: the voxels that will be asked for, z, y, x, half-open. */
  constructor(spacing: number, start: readonly number[], stop: readonly number[], seed: number) {
    const low = (a: number) => Math.floor(start[a]! / spacing);
    const count = (a: number) => Math.floor((stop[a]! - 1) / spacing) + 2 - low(a);
    this.#spacing = spacing;
    this.#start = [low(0), low(1), low(2)];
    this.#size = [count(0), count(1), count(2)];
    const [nz, ny, nx] = this.#size;
    this.#knots = new Float64Array(nz * ny * nx);
    let i = 0;
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++) this.#knots[i++] = signed3(z + low(0), y + low(1), x + low(2), seed);
      }
    }
  }

  /** Writes the noise of the row of voxels (z, y, x…x + n) to `row`. */
  fillRow(z: number, y: number, x: number, row: Float64Array): void {
    const spacing = this.#spacing;
    const [z0, y0, x0] = this.#start;
    const [, ny, nx] = this.#size;
    const kz = Math.floor(z / spacing);
    const ky = Math.floor(y / spacing);
    const tz = smoothstep(z / spacing - kz);
    const ty = smoothstep(y / spacing - ky);
    const at = ((kz - z0) * ny + (ky - y0)) * nx - x0;
    const knots = this.#knots;
    const column = (k: number) => {
      const low = knots[at + k]! + ty * (knots[at + nx + k]! - knots[at + k]!);
      const above = at + ny * nx + k;
      const high = knots[above]! + ty * (knots[above + nx]! - knots[above]!);
      return low + tz * (high - low);
    };
    let current = Math.floor(x / spacing);
    let left = column(current);
    let right = column(current + 1);
    for (let i = 0; i < row.length; i++) {
      const position = (x + i) / spacing;
      if (position >= current + 1) {
        current += 1;
        left = right;
        right = column(current + 1);
      }
      row[i] = left + smoothstep(position - current) * (right - left);
    }
  }
}
