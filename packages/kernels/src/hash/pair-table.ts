/**
 * Two running totals per pair of uint32 keys: open addressing with linear probing, at most half full. Keys and totals lie dense
 * in the order of insertion; the slots hold only entry numbers (+ 1, so that 0 means empty).
 * Knuth, The Art of Computer Programming 3, 6.4, algorithm L.
 */
export interface PairTotals {
  /** Sorted by (a, b). */
  a: Uint32Array;
  b: Uint32Array;
  sum: Float64Array;
  count: Float64Array;
}

export class PairTable {
  private slots = new Uint32Array(1 << 12);
  private shift = 32 - 12;
  private a = new Uint32Array(1 << 11);
  private b = new Uint32Array(1 << 11);
  private sum = new Float64Array(1 << 11);
  private count = new Float64Array(1 << 11);
  private size = 0;

  /** Adds to the totals of (a, b). */
  add(a: number, b: number, sum: number, count: number): void {
    const entry = this.entry(a, b);
    this.sum[entry]! += sum;
    this.count[entry]! += count;
  }

  sorted(): PairTotals {
    const { a, b, size } = this;
    // one 64-bit key a·2³² + b; its halves are written low first (little endian)
    const keys = new BigUint64Array(size);
    const halves = new Uint32Array(keys.buffer);
    for (let i = 0; i < size; i++) {
      halves[2 * i] = b[i]!;
      halves[2 * i + 1] = a[i]!;
    }
    keys.sort();
    const out = {
      a: new Uint32Array(size),
      b: new Uint32Array(size),
      sum: new Float64Array(size),
      count: new Float64Array(size),
    };
    for (let i = 0; i < size; i++) {
      out.a[i] = halves[2 * i + 1]!;
      out.b[i] = halves[2 * i]!;
      const entry = this.entry(out.a[i]!, out.b[i]!);
      out.sum[i] = this.sum[entry]!;
      out.count[i] = this.count[entry]!;
    }
    return out;
  }

  /** Number of the pair's entry, made where it is new. */
  private entry(a: number, b: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hashPair(a, b) >>> this.shift;
    for (;;) {
      const entry = slots[slot]! - 1;
      if (entry < 0) break;
      if (this.a[entry] === a && this.b[entry] === b) return entry;
      slot = (slot + 1) & mask;
    }
    const entry = this.size++;
    slots[slot] = entry + 1;
    this.a[entry] = a;
    this.b[entry] = b;
    if (this.size * 2 >= slots.length) this.grow();
    return entry;
  }

  private grow(): void {
    const size = this.slots.length;
    this.a = enlarged(this.a, new Uint32Array(size));
    this.b = enlarged(this.b, new Uint32Array(size));
    this.sum = enlarged(this.sum, new Float64Array(size));
    this.count = enlarged(this.count, new Float64Array(size));
    this.slots = new Uint32Array(size * 2);
    this.shift--;
    const mask = this.slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hashPair(this.a[entry]!, this.b[entry]!) >>> this.shift;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = entry + 1;
    }
  }
}

/** 32 well mixed bits; the upper ones are the best. */
export function hashPair(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

function enlarged<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
