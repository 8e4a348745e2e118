/**
 * The bodies of the phantom: long columns side by side, like a bundle of neurites. Space is warped by smooth noise and turned, so that
 * the columns wander and cross the axes; across them lie the cells of a weighted Voronoi diagram whose centres move slowly along the
 * columns; here and there a column ends and another begins.
 *
 *       ── u ──▶                    along w
 *     ╱‾‾‾╲╱‾╲╱‾‾‾‾╲            ‖   ╲   ‖  ╱ ‖
 *     │ 3 ││4││  5  │            ‖ 3  ╲ 4╲╱ 5 ‖       membrane = close to the border of two cells,
 *     ╲___╱╲_╱╲____╱            ‖     ║──║    ‖       or to the end of a column
 */
import { lineNoise, signed3, unit3 } from "./noise.ts";

/** Mean distance of columns in voxels. */
const SPACING = 26;
/** How far a centre may lie from the middle of its cell, and how far of that it wanders, in spacings. */
const JITTER = 0.2;
const WANDER = 0.22;
const WANDER_KNOTS = 48;
/** Spread of the weights in squared spacings: thick and thin columns. */
const WEIGHT = 0.3;
const LENGTH_LEAST = 200;
const LENGTH_MOST = 700;

/** Rows of an orthogonal matrix, times 9: u, v, w in terms of z, y, x. */
const TURN = [
  [-4, 8, 1],
  [4, 1, 8],
  [7, 4, -4],
] as const;

/** Coordinates in which columns run along w. */
export function turn(row: 0 | 1 | 2, z: number, y: number, x: number): number {
  const [a, b, c] = TURN[row];
  return (a * z + b * y + c * x) / 9;
}

/** What is at a point: its body, as three integers, and the distance to the nearest border in voxels (about). */
export interface Place {
  i: number;
  j: number;
  piece: number;
  border: number;
}

interface Column {
  /** Where the tables below begin along w. */
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly weight: Float64Array;
  readonly length: number;
  readonly phase: number;
}

/** Columns near a box, computed when first needed. */
export class Columns {
  readonly #seed: number;
  readonly #low: number;
  readonly #high: number;
  readonly #columns = new Map<number, Column>();
  /** The sixteen of the last point: neighbouring voxels mostly ask for the same. */
  readonly #near: Column[] = [];
  #nearI = Number.NaN;
  #nearJ = Number.NaN;

  /** `low`, `high`: range of w that will be asked for. */
  constructor(seed: number, low: number, high: number) {
    this.#seed = seed;
    this.#low = Math.floor(low) - 1;
    this.#high = Math.ceil(high) + 1;
  }

  /** Sixteen columns around the point: any other is farther than one and a half spacings. */
  locate(u: number, v: number, w: number, place: Place): void {
    const at = Math.floor(w) - this.#low;
    const i0 = Math.floor(u / SPACING - 0.5) - 1;
    const j0 = Math.floor(v / SPACING - 0.5) - 1;
    if (i0 !== this.#nearI || j0 !== this.#nearJ) this.#collect(i0, j0);
    const near = this.#near;
    let best = Infinity;
    let second = Infinity;
    let bestAt = 0;
    let secondAt = 0;
    for (let k = 0; k < 16; k++) {
      const column = near[k]!;
      const du = u - column.u[at]!;
      const dv = v - column.v[at]!;
      const power = du * du + dv * dv - column.weight[at]!;
      if (power < best) {
        second = best;
        secondAt = bestAt;
        best = power;
        bestAt = k;
      } else if (power < second) {
        second = power;
        secondAt = k;
      }
    }
    place.i = i0 + (bestAt >> 2);
    place.j = j0 + (bestAt & 3);
    const here = near[bestAt]!;
    const du = here.u[at]! - near[secondAt]!.u[at]!;
    const dv = here.v[at]! - near[secondAt]!.v[at]!;
    const toNeighbour = (second - best) / (2 * Math.sqrt(du * du + dv * dv));
    const along = (w + here.phase) / here.length;
    place.piece = Math.floor(along);
    const part = along - place.piece;
    const toEnd = (part < 0.5 ? part : 1 - part) * here.length;
    place.border = Math.min(toNeighbour, toEnd);
  }

  #collect(i0: number, j0: number): void {
    for (let k = 0; k < 16; k++) this.#near[k] = this.#column(i0 + (k >> 2), j0 + (k & 3));
    this.#nearI = i0;
    this.#nearJ = j0;
  }

  #column(i: number, j: number): Column {
    const key = i * 2 ** 20 + j;
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = this.#make(i, j);
      this.#columns.set(key, column);
    }
    return column;
  }

  #make(i: number, j: number): Column {
    const n = this.#high - this.#low;
    const seed = this.#seed;
    const u = new Float64Array(n);
    const v = new Float64Array(n);
    const weight = new Float64Array(n);
    const baseU = (i + 0.5 + JITTER * signed3(i, j, 0, seed)) * SPACING;
    const baseV = (j + 0.5 + JITTER * signed3(i, j, 1, seed)) * SPACING;
    const baseWeight = WEIGHT * signed3(i, j, 2, seed) * SPACING * SPACING;
    for (let k = 0; k < n; k++) {
      const w = this.#low + k;
      u[k] = baseU + WANDER * SPACING * lineNoise(w, WANDER_KNOTS, i, j, seed + 11);
      v[k] = baseV + WANDER * SPACING * lineNoise(w, WANDER_KNOTS, i, j, seed + 12);
      weight[k] = baseWeight + 0.5 * WEIGHT * SPACING * SPACING * lineNoise(w, WANDER_KNOTS, i, j, seed + 13);
    }
    const length = LENGTH_LEAST + (LENGTH_MOST - LENGTH_LEAST) * unit3(i, j, 3, seed);
    return { u, v, weight, length, phase: length * unit3(i, j, 4, seed) };
  }
}
