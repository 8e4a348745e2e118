/**
 * Encoder of DVID's label block (layout: format.ts). The table is sorted, and so are the indices of each sub-block, so that equal voxels
 * give equal bytes.
 *
 * Idea: most sub-blocks hold one label and cost compares. In the others a voxel that repeats one of the last two labels costs a compare,
 * a further one an access of the block's table (`hash/pair-index.ts`) and of the sub-block's number for that entry. Values are
 * packed at once, since the order within a sub-block depends on its labels only; indices into the table wait for its order.
 * O(voxels + distinct · log distinct).
 */
import { PairIndex } from "../hash/pair-index.ts";
import type { Shape3 } from "../shape.ts";
import { bitsFor, HEADER_BYTES, SUB, SUB_VOXELS } from "./format.ts";

const CACHE_BITS = 9;

/** Encodes the voxels [start, start + size) of `input`, which holds a label of `shape` in two words. */
export function encode(input: Uint32Array, shape: Shape3, start: Shape3, size: Shape3): Uint8Array<ArrayBuffer> {
  const [gz, gy, gx] = size.map((n) => n / SUB) as unknown as Shape3;
  const slice = shape[1] * shape[2] * 2;
  const row = shape[2] * 2;
  const table = new PairIndex();
  const corner = start[0] * slice + start[1] * row + start[2] * 2;
  const sub = new SubBlock(table, input[corner]!, input[corner + 1]!);
  const counts = new Uint16Array(gx * gy * gz);
  let entries = new Uint32Array(counts.length * 4);
  let packed = new Uint8Array(counts.length * SUB);
  let entriesEnd = 0;
  let packedEnd = 0;
  for (let z = 0, s = 0; z < gz; z++) {
    for (let y = 0; y < gy; y++) {
      let first = (start[0] + z * SUB) * slice + (start[1] + y * SUB) * row + start[2] * 2;
      for (let x = 0; x < gx; x++, s++, first += 2 * SUB) {
        if (entriesEnd + SUB_VOXELS > entries.length) entries = larger(entries, new Uint32Array(entries.length * 2 + SUB_VOXELS));
        if (isSolid(input, first, row, slice)) {
          counts[s] = 1;
          entries[entriesEnd++] = table.add(input[first]!, input[first + 1]!);
          continue;
        }
        sub.read(input, first, row, slice);
        sub.sort();
        counts[s] = sub.count;
        for (let k = 0; k < sub.count; k++) entries[entriesEnd++] = sub.sorted[k]!;
        const bits = bitsFor(sub.count);
        const end = packedEnd + bits * (SUB_VOXELS / 8);
        if (end > packed.length) packed = larger(packed, new Uint8Array(packed.length * 2 + SUB_VOXELS * 2));
        sub.pack(packed, packedEnd, bits);
        packedEnd = end;
      }
    }
  }
  return assemble([gx, gy, gz], table, counts, entries.subarray(0, entriesEnd), packed.subarray(0, packedEnd));
}

function isSolid(input: Uint32Array, first: number, row: number, slice: number): boolean {
  const low = input[first]!;
  const high = input[first + 1]!;
  for (let z = 0; z < SUB; z++) {
    for (let y = 0, i = first + z * slice; y < SUB; y++, i += row) if (!isRow(input, i, low, high)) return false;
  }
  return true;
}

/** Whether the 8 voxels from word `i` on have that label. */
function isRow(input: Uint32Array, i: number, low: number, high: number): boolean {
  return (
    ((input[i]! ^ low) |
      (input[i + 1]! ^ high) |
      (input[i + 2]! ^ low) |
      (input[i + 3]! ^ high) |
      (input[i + 4]! ^ low) |
      (input[i + 5]! ^ high) |
      (input[i + 6]! ^ low) |
      (input[i + 7]! ^ high) |
      (input[i + 8]! ^ low) |
      (input[i + 9]! ^ high) |
      (input[i + 10]! ^ low) |
      (input[i + 11]! ^ high) |
      (input[i + 12]! ^ low) |
      (input[i + 13]! ^ high) |
      (input[i + 14]! ^ low) |
      (input[i + 15]! ^ high)) ===
    0
  );
}

/** The labels of one sub-block, and the number of every voxel's. */
class SubBlock {
  count = 0;
  /** Entries of the block's table, by ascending label. */
  readonly sorted = new Uint32Array(SUB_VOXELS);
  private readonly table: PairIndex;
  /** Per voxel the number of its label, from 1 in the order of appearance; `rank` gives the sorted one, from 0. */
  private readonly local = new Uint16Array(SUB_VOXELS);
  private readonly rank = new Uint16Array(SUB_VOXELS + 1);
  private readonly found = new Uint32Array(SUB_VOXELS);
  /** Per entry of the table: its number in this sub-block; 0 = not in it. */
  private numbers = new Uint16Array(1024);
  /** Labels and their entries, by a hash; a slot says something true from the start on. */
  private readonly cacheLow = new Uint32Array(1 << CACHE_BITS);
  private readonly cacheHigh = new Uint32Array(1 << CACHE_BITS);
  private readonly cacheEntry = new Uint32Array(1 << CACHE_BITS);

  constructor(table: PairIndex, low: number, high: number) {
    this.table = table;
    this.cacheLow.fill(low);
    this.cacheHigh.fill(high);
    this.cacheEntry.fill(table.add(low, high));
  }

  read(input: Uint32Array, first: number, row: number, slice: number): void {
    const { local, cacheLow, cacheHigh, cacheEntry } = this;
    const numbers = this.emptyNumbers();
    this.count = 0;
    let low = input[first]!;
    let high = input[first + 1]!;
    let number = this.addNumber(this.addEntry(low, high, slotOf(low, high)));
    for (let z = 0, o = 0; z < SUB; z++) {
      for (let y = 0, i = first + z * slice; y < SUB; y++, i += row, o += SUB) {
        if (isRow(input, i, low, high)) {
          local[o] = number;
          local[o + 1] = number;
          local[o + 2] = number;
          local[o + 3] = number;
          local[o + 4] = number;
          local[o + 5] = number;
          local[o + 6] = number;
          local[o + 7] = number;
          continue;
        }
        // no branch depends on where labels change, only on which are new
        for (let x = 0; x < SUB; x++) {
          low = input[i + 2 * x]!;
          high = input[i + 2 * x + 1]!;
          const slot = slotOf(low, high);
          const known = cacheLow[slot] === low && cacheHigh[slot] === high;
          const entry = known ? cacheEntry[slot]! : this.addEntry(low, high, slot);
          number = numbers[entry]!;
          if (number === 0) number = this.addNumber(entry);
          local[o + x] = number;
        }
      }
    }
  }

  /** Fills `sorted` and the ranks. */
  sort(): void {
    const { count, found, sorted, rank, table } = this;
    if (count > 32) {
      const order = sortedOrder(table, found.subarray(0, count));
      for (let k = 0; k < count; k++) rank[order[k]! + 1] = k;
    } else {
      for (let k = 0; k < count; k++) {
        const low = table.a[found[k]!]!;
        const high = table.b[found[k]!]!;
        let smaller = 0;
        for (let m = 0; m < count; m++) {
          const h = table.b[found[m]!]!;
          if (h < high || (h === high && table.a[found[m]!]! < low)) smaller++;
        }
        rank[k + 1] = smaller;
      }
    }
    for (let k = 0; k < count; k++) sorted[rank[k + 1]!] = found[k]!;
  }

  pack(out: Uint8Array, at: number, bits: number): void {
    const { local, rank } = this;
    if (bits === 1) {
      // numbers 1 and 2: one less is the value where they are in order, else its opposite
      const flip = rank[1]! < rank[2]! ? 0xff : 0;
      for (let o = 0; o < SUB_VOXELS; o += 8) {
        const b =
          ((local[o]! & 1) << 7) |
          ((local[o + 1]! & 1) << 6) |
          ((local[o + 2]! & 1) << 5) |
          ((local[o + 3]! & 1) << 4) |
          ((local[o + 4]! & 1) << 3) |
          ((local[o + 5]! & 1) << 2) |
          ((local[o + 6]! & 1) << 1) |
          (local[o + 7]! & 1);
        out[at++] = b ^ flip;
      }
    } else if (bits === 2) {
      for (let o = 0; o < SUB_VOXELS; o += 4) {
        out[at++] = (rank[local[o]!]! << 6) | (rank[local[o + 1]!]! << 4) | (rank[local[o + 2]!]! << 2) | rank[local[o + 3]!]!;
      }
    } else {
      let held = 0;
      let holds = 0;
      for (let o = 0; o < SUB_VOXELS; o++) {
        held = (held << bits) | rank[local[o]!]!; // older bits fall off the top
        holds += bits;
        while (holds >= 8) {
          holds -= 8;
          out[at++] = held >>> holds;
        }
      }
    }
  }

  /** Forgets the sub-block before. There is room for all labels of one more. */
  private emptyNumbers(): Uint16Array {
    for (let k = 0; k < this.count; k++) this.numbers[this.found[k]!] = 0;
    const most = this.table.size + SUB_VOXELS;
    if (most > this.numbers.length) this.numbers = new Uint16Array(2 * most);
    return this.numbers;
  }

  private addEntry(low: number, high: number, slot: number): number {
    const entry = this.table.add(low, high);
    this.cacheLow[slot] = low;
    this.cacheHigh[slot] = high;
    this.cacheEntry[slot] = entry;
    return entry;
  }

  private addNumber(entry: number): number {
    this.found[this.count] = entry;
    this.numbers[entry] = ++this.count;
    return this.count;
  }
}

function slotOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85ebca77), 0x9e3779b1) >>> (32 - CACHE_BITS);
}

function assemble(grid: Shape3, table: PairIndex, counts: Uint16Array, entries: Uint32Array, packed: Uint8Array) {
  const n = table.size;
  const solid = n === 1;
  const length = HEADER_BYTES + 8 * n + (solid ? 0 : counts.byteLength + entries.byteLength + packed.length);
  const bytes = new Uint8Array(length);
  new Uint32Array(bytes.buffer, 0, 4).set([...grid, n]);
  const labels = new Uint32Array(bytes.buffer, HEADER_BYTES, 2 * n);
  const order = sortedOrder(
    table,
    Uint32Array.from({ length: n }, (_, entry) => entry),
  );
  const rank = new Uint32Array(n);
  for (let k = 0; k < n; k++) {
    const entry = order[k]!;
    rank[entry] = k;
    labels[2 * k] = table.a[entry]!;
    labels[2 * k + 1] = table.b[entry]!;
  }
  if (solid) return bytes;
  const countsAt = HEADER_BYTES + 8 * n;
  new Uint16Array(bytes.buffer, countsAt, counts.length).set(counts);
  const listsAt = countsAt + counts.byteLength;
  const lists = new Uint32Array(bytes.buffer, listsAt, entries.length);
  for (let i = 0; i < entries.length; i++) lists[i] = rank[entries[i]!]!;
  bytes.set(packed, listsAt + entries.byteLength);
  return bytes;
}

/** Places 0 … n - 1 of `entries`, by ascending label. */
function sortedOrder({ a, b }: PairIndex, entries: Uint32Array): Uint32Array {
  const places = Uint32Array.from({ length: entries.length }, (_, place) => place);
  return places.sort((p, q) => b[entries[p]!]! - b[entries[q]!]! || a[entries[p]!]! - a[entries[q]!]!);
}

function larger<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
