/** Two running totals per pair of uint32. */
import { enlarged, PairIndex } from "./pair-index.ts";

export interface PairTotals {
  /** Sorted by (a, b). */
  a: Uint32Array;
  b: Uint32Array;
  sum: Float64Array;
  count: Float64Array;
}

export class PairTable {
  private readonly index = new PairIndex();
  private sum = new Float64Array(this.index.a.length);
  private count = new Float64Array(this.index.a.length);

  /** Adds to the totals of (a, b). */
  add(a: number, b: number, sum: number, count: number): void {
    const entry = this.index.add(a, b);
    if (entry >= this.sum.length) {
      this.sum = enlarged(this.sum, new Float64Array(this.index.a.length));
      this.count = enlarged(this.count, new Float64Array(this.index.a.length));
    }
    this.sum[entry]! += sum;
    this.count[entry]! += count;
  }

  sorted(): PairTotals {
    const { a, b, size } = this.index;
    // one 64-bit key a·2³² + b; its halves are written low first (little endian)
    const keys = new BigUint64Array(size);
    const halves = new Uint32Array(keys.buffer);
    for (let i = 0; i < size; i++) {
      halves[2 * i] = b[i]!;
      halves[2 * i + 1] = a[i]!;
    }
    keys.sort();
    const out = { a: new Uint32Array(size), b: new Uint32Array(size), sum: new Float64Array(size), count: new Float64Array(size) };
    for (let i = 0; i < size; i++) {
      out.a[i] = halves[2 * i + 1]!;
      out.b[i] = halves[2 * i]!;
      const entry = this.index.find(out.a[i]!, out.b[i]!);
      out.sum[i] = this.sum[entry]!;
      out.count[i] = this.count[entry]!;
    }
    return out;
  }
}
