/**
 * Regional maxima.
 *
 * 1. A voxel is a candidate when none of its 26 neighbours is higher. Most fail at one of the first neighbours.
 * 2. A candidate with an equal neighbour that is none lies on a plateau with a way up; it is struck out, and so are, from
 *    neighbour to neighbour, all candidates of its plateau.
 *
 *     value       2 2 2 3 1 1 2 2 1
 *     candidate   ● ●   ●     ● ●         the left 2s are struck out, one after the other, from the third on
 *     maximum           ●     ● ●
 *
 * O(voxels). Reference: L. Vincent, IEEE Trans. Image Process. 2 (1993).
 */
import type { Shape3 } from "../shape.ts";

/** In `out` meanwhile: a candidate with an equal neighbour. */
const PLATEAU = 2;

/** Sets `out`, all 0, to 1 at maxima. No size of the shape is 0. */
export function maxima(values: Float32Array, shape: Shape3, minimum: number, mask: Uint8Array | null, out: Uint8Array): void {
  const [nz, ny, nx] = shape;
  const steps = new Steps(shape);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const value = values[i]!;
        if (!(value >= minimum) || (mask !== null && mask[i] === 0)) continue;
        // most voxels fail here
        if (x > 0 && values[i - 1]! > value && (mask === null || mask[i - 1] !== 0)) continue;
        if (x + 1 < nx && values[i + 1]! > value && (mask === null || mask[i + 1] !== 0)) continue;
        const highest = highestAround(values, mask, i, value, steps.from(z, y, x));
        if (highest > value) continue;
        out[i] = highest === value ? PLATEAU : 1;
      }
    }
  }
  for (let i = 0; i < out.length; i++) if (out[i] === PLATEAU && hasWayUp(i)) strike(i);
  for (let i = 0; i < out.length; i++) if (out[i] === PLATEAU) out[i] = 1;

  function strike(first: number): void {
    out[first] = 0;
    for (let front = [first]; front.length > 0; ) {
      const next: number[] = [];
      for (const i of front) {
        for (const step of steps.at(i)) {
          const j = i + step;
          if (out[j] === 0 || values[j] !== values[i]) continue;
          out[j] = 0;
          next.push(j);
        }
      }
      front = next;
    }
  }

  function hasWayUp(i: number): boolean {
    for (const step of steps.at(i)) {
      const j = i + step;
      if (out[j] === 0 && values[j] === values[i] && (mask === null || mask[j] !== 0)) return true;
    }
    return false;
  }
}

/** The highest value around voxel i, or one that is above `value`. */
function highestAround(values: Float32Array, mask: Uint8Array | null, i: number, value: number, steps: Int32Array): number {
  let highest = -Infinity;
  for (let k = 0; k < steps.length; k++) {
    const j = i + steps[k]!;
    const other = values[j]!;
    if (!(other > highest) || (mask !== null && mask[j] === 0)) continue;
    highest = other;
    if (other > value) break;
  }
  return highest;
}

/** Index steps to the neighbours inside the volume, nearest first; one list for each of the 64 kinds of border voxels. */
class Steps {
  private readonly shape: Shape3;
  private readonly lists: Int32Array[];

  constructor(shape: Shape3) {
    this.shape = shape;
    this.lists = Array.from({ length: 64 }, (_, kind) => this.list(kind));
  }

  from(z: number, y: number, x: number): Int32Array {
    const [nz, ny, nx] = this.shape;
    const low = (z > 0 ? 1 : 0) | (y > 0 ? 2 : 0) | (x > 0 ? 4 : 0);
    const high = (z < nz - 1 ? 8 : 0) | (y < ny - 1 ? 16 : 0) | (x < nx - 1 ? 32 : 0);
    return this.lists[low | high]!;
  }

  at(i: number): Int32Array {
    const [, ny, nx] = this.shape;
    return this.from(Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx);
  }

  private list(kind: number): Int32Array {
    const [, ny, nx] = this.shape;
    const steps: { step: number; distance: number }[] = [];
    for (let z = kind & 1 ? -1 : 0; z <= (kind & 8 ? 1 : 0); z++) {
      for (let y = kind & 2 ? -1 : 0; y <= (kind & 16 ? 1 : 0); y++) {
        for (let x = kind & 4 ? -1 : 0; x <= (kind & 32 ? 1 : 0); x++) {
          if (z !== 0 || y !== 0 || x !== 0) steps.push({ step: (z * ny + y) * nx + x, distance: z * z + y * y + x * x });
        }
      }
    }
    return Int32Array.from(
      steps.sort((a, b) => a.distance - b.distance),
      ({ step }) => step,
    );
  }
}
