/**
 * Numbers pairs of uint32 (or the halves of a uint64) 0, 1, 2, … in the order in which they come: open addressing with linear
 * probing, at most half full. Keys lie dense; slots hold only entry numbers (+ 1, so that 0 means empty).
 * Knuth, The Art of Computer Programming 3, 6.4, algorithm L.
 */
const FIRST_BITS = 12;

export class PairIndex {
  /** Keys of the entries 0 … size - 1; the rest is unused. */
  a = new Uint32Array(1 << (FIRST_BITS - 1));
  b = new Uint32Array(1 << (FIRST_BITS - 1));
  size = 0;
  private slots = new Uint32Array(1 << FIRST_BITS);
  private shift = 32 - FIRST_BITS;

  /** Number of the pair, or -1. */
  find(a: number, b: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    for (let slot = hashPair(a, b) >>> this.shift; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]! - 1;
      if (entry < 0 || (this.a[entry] === a && this.b[entry] === b)) return entry;
    }
  }

  /** Number of the pair, which is added where it is new. */
  add(a: number, b: number): number {
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
    const capacity = this.slots.length;
    this.a = enlarged(this.a, new Uint32Array(capacity));
    this.b = enlarged(this.b, new Uint32Array(capacity));
    this.slots = new Uint32Array(capacity * 2);
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
function hashPair(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d);
}

/** `to` with the values of `from` at its start. */
export function enlarged<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
