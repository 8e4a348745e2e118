import type { Shape3 } from "../shape.ts";

/** Fills `output`; both hold `width` elements a label (2: low and high word of a uint64). */
export function mode(
  input: Uint8Array | Uint16Array | Uint32Array,
  output: Uint8Array | Uint16Array | Uint32Array,
  width: 1 | 2,
  shape: Shape3,
  factors: Shape3,
  ignoreZero: boolean,
): void {
  const [nz, ny, nx] = shape;
  const [fz, fy, fx] = factors;
  const counter = new WindowCounter(Math.min(nz, fz) * Math.min(ny, fy) * Math.min(nx, fx));
  const row = nx * width;
  const slice = ny * row;
  const halving = fz === 2 && fy === 2 && fx === 2;
  for (let z0 = 0, o = 0; z0 < nz; z0 += fz) {
    const z1 = Math.min(z0 + fz, nz);
    for (let y0 = 0; y0 < ny; y0 += fy) {
      const y1 = Math.min(y0 + fy, ny);
      for (let x0 = 0; x0 < nx; x0 += fx, o += width) {
        const span = (Math.min(x0 + fx, nx) - x0) * width;
        const first = (z0 * ny + y0) * row + x0 * width;
        const low = input[first]!;
        const high = width === 2 ? input[first + 1]! : 0;
        let different = 0;
        if (halving && z1 - z0 + y1 - y0 + span === 4 + 2 * width) {
          if (width === 2) different = differencesOfPairs(input, first, row, slice, low, high);
          else different = differences(input, first, row, slice, low);
        } else {
          for (let z = z0; z < z1 && different === 0; z++) {
            for (let y = y0; y < y1; y++) {
              let i = (z * ny + y) * row + x0 * width;
              const end = i + span;
              if (width === 2) for (; i < end; i += 2) different |= (input[i]! ^ low) | (input[i + 1]! ^ high);
              else for (; i < end; i++) different |= input[i]! ^ low;
            }
          }
        }
        if (different === 0) {
          output[o] = low;
          if (width === 2) output[o + 1] = high;
          continue;
        }
        counter.clear();
        for (let z = z0; z < z1; z++) {
          for (let y = y0; y < y1; y++) {
            let i = (z * ny + y) * row + x0 * width;
            for (const end = i + span; i < end; i += width) {
              const h = width === 2 ? input[i + 1]! : 0;
              // a window of several labels has one that is not 0
              if (!ignoreZero || (input[i]! | h) !== 0) counter.add(input[i]!, h);
            }
          }
        }
        const winner = counter.winner();
        output[o] = counter.low[winner]!;
        if (width === 2) output[o + 1] = counter.high[winner]!;
      }
    }
  }
}

/** Bits in which a whole window of 2 × 2 × 2 voxels differs from its first voxel: what most windows cost, so without loops. */
function differences(input: Uint8Array | Uint16Array | Uint32Array, i: number, row: number, slice: number, low: number): number {
  const j = i + slice;
  return (
    (input[i + 1]! ^ low) |
    (input[i + row]! ^ low) |
    (input[i + row + 1]! ^ low) |
    (input[j]! ^ low) |
    (input[j + 1]! ^ low) |
    (input[j + row]! ^ low) |
    (input[j + row + 1]! ^ low)
  );
}

/** The same for voxels of two words. */
function differencesOfPairs(
  input: Uint8Array | Uint16Array | Uint32Array,
  i: number,
  row: number,
  slice: number,
  low: number,
  high: number,
): number {
  const j = i + slice;
  return (
    (input[i + 2]! ^ low) |
    (input[i + 3]! ^ high) |
    (input[i + row]! ^ low) |
    (input[i + row + 1]! ^ high) |
    (input[i + row + 2]! ^ low) |
    (input[i + row + 3]! ^ high) |
    (input[j]! ^ low) |
    (input[j + 1]! ^ high) |
    (input[j + 2]! ^ low) |
    (input[j + 3]! ^ high) |
    (input[j + row]! ^ low) |
    (input[j + row + 1]! ^ high) |
    (input[j + row + 2]! ^ low) |
    (input[j + row + 3]! ^ high)
  );
}

/** Counts of the few labels of one window, found by a linear search from the last one hit. */
class WindowCounter {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  private readonly count: Uint32Array;
  private size = 0;
  private last = 0;

  constructor(window: number) {
    this.low = new Uint32Array(window);
    this.high = new Uint32Array(window);
    this.count = new Uint32Array(window);
  }

  clear(): void {
    this.size = 0;
    this.last = 0;
  }

  add(low: number, high: number): void {
    let k = this.last;
    if (k >= this.size || this.low[k] !== low || this.high[k] !== high) {
      k = 0;
      while (k < this.size && (this.low[k] !== low || this.high[k] !== high)) k++;
      if (k === this.size) {
        this.low[k] = low;
        this.high[k] = high;
        this.count[k] = 0;
        this.size++;
      }
      this.last = k;
    }
    this.count[k]!++;
  }

  /** Entry of the highest count; of those the smallest label. */
  winner(): number {
    let best = 0;
    for (let k = 1; k < this.size; k++) {
      const more = this.count[k]! - this.count[best]!;
      if (more > 0 || (more === 0 && (this.high[k]! - this.high[best]! || this.low[k]! - this.low[best]!) < 0)) best = k;
    }
    return best;
  }
}
