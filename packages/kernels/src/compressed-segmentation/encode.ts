/**
 * Neuroglancer's compressed_segmentation, one channel.
 * https://github.com/google/neuroglancer/tree/master/src/sliceview/compressed_segmentation
 *
 *   word 0   1: the channel starts at word 1; all offsets below count 32-bit words from there
 *   header   per block, x fastest: table offset (24 bits) | bits << 24, offset of the values
 *   then     per block: its values (indices into its table, `bits` each, lowest bits first, x fastest) and, where no
 *            earlier block has the same one, its table (uint32, or uint64 as two words, low first)
 *
 * Idea: a voxel that repeats the last label costs a compare, a changed one an access of a small table that is emptied per block
 * by a stamp. Tables are sorted, so that blocks with the same labels share one. O(voxels + distinct · log distinct per block).
 */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";

const MAX_TABLE_OFFSET = 0xffffff;
const FIRST_WORDS = 1 << 14;

/** `input` holds `width` words a label. */
export function encode(input: Uint32Array, width: 1 | 2, shape: Shape3, blockSize: Shape3): Uint8Array {
  const [nz, ny, nx] = shape;
  const [bz, by, bx] = blockSize;
  const grid = shape.map((n, axis) => Math.ceil(n / blockSize[axis]!)) as unknown as Shape3;
  const blocks = grid[0] * grid[1] * grid[2];
  const blockVoxels = bz * by * bx;

  let words = new Uint32Array(Math.max(FIRST_WORDS, 1 + 2 * blocks));
  words[0] = 1;
  const channel = 1;
  let p = channel + 2 * blocks;
  const labels = new BlockLabels(blockVoxels);
  const tables = new SharedTables(blocks);

  let header = channel;
  for (let gz = 0; gz < nz; gz += bz) {
    for (let gy = 0; gy < ny; gy += by) {
      for (let gx = 0; gx < nx; gx += bx) {
        labels.read(input, width, shape, blockSize, gz, gy, gx);
        const count = labels.count;
        const bits = bitsFor(count);
        const most = Math.ceil((blockVoxels * bits) / 32) + count * width;
        if (words.length < p + most) words = grow(words, p + most);
        const valuesAt = p - channel;
        p = labels.pack(words, p, bits);
        const tableAt = tables.place(words, p, labels, width);
        if (tableAt === p) p += count * width;
        if (tableAt - channel > MAX_TABLE_OFFSET) {
          throw new KernelError(
            "E_CODEC_LIMIT",
            `compressed_segmentation: expected tables within the first ${MAX_TABLE_OFFSET + 1} words, found one at word ` +
              `${tableAt - channel}, for the block at z ${gz}, y ${gy}, x ${gx} of [${shape.join(", ")}]; encode smaller chunks`,
          );
        }
        words[header++] = ((bits << 24) | (tableAt - channel)) >>> 0;
        words[header++] = valuesAt;
      }
    }
  }
  return new Uint8Array(words.buffer.slice(0, p * 4));
}

/** The distinct labels of a block, sorted, and the index of every voxel. */
class BlockLabels {
  count = 0;
  /** Sorted labels: low and high words. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  private readonly local: Uint32Array;
  /** From the order of first occurrence to the sorted one; the entry behind the last belongs to padding. */
  private readonly rank: Uint32Array;
  private readonly foundLow: Uint32Array;
  private readonly foundHigh: Uint32Array;
  private readonly slots: Uint32Array;
  private readonly stamps: Uint32Array;
  private stamp = 0;

  constructor(blockVoxels: number) {
    const slots = 2 ** Math.ceil(Math.log2(blockVoxels * 2));
    this.low = new Uint32Array(blockVoxels);
    this.high = new Uint32Array(blockVoxels);
    this.local = new Uint32Array(blockVoxels);
    this.rank = new Uint32Array(blockVoxels + 1);
    this.foundLow = new Uint32Array(blockVoxels);
    this.foundHigh = new Uint32Array(blockVoxels);
    this.slots = new Uint32Array(slots);
    this.stamps = new Uint32Array(slots);
  }

  read(input: Uint32Array, width: 1 | 2, shape: Shape3, blockSize: Shape3, gz: number, gy: number, gx: number): void {
    const [nz, ny, nx] = shape;
    const [bz, by, bx] = blockSize;
    const { local } = this;
    const dz = Math.min(bz, nz - gz);
    const dy = Math.min(by, ny - gy);
    const dx = Math.min(bx, nx - gx);
    if (dz * dy * dx < local.length) local.fill(local.length);
    this.stamp++;
    this.count = 0;
    const first = ((gz * ny + gy) * nx + gx) * width;
    let lastLow = input[first]!;
    let lastHigh = width === 2 ? input[first + 1]! : 0;
    let index = this.add(lastLow, lastHigh);
    for (let z = 0; z < dz; z++) {
      for (let y = 0; y < dy; y++) {
        let o = (z * by + y) * bx;
        let i = (((gz + z) * ny + gy + y) * nx + gx) * width;
        const end = i + width * dx;
        if (width === 2) {
          while (i < end) {
            // four voxels with the last label at once
            while (
              i + 8 <= end &&
              ((input[i]! ^ lastLow) | (input[i + 1]! ^ lastHigh) | (input[i + 2]! ^ lastLow) | (input[i + 3]! ^ lastHigh)) === 0 &&
              ((input[i + 4]! ^ lastLow) | (input[i + 5]! ^ lastHigh) | (input[i + 6]! ^ lastLow) | (input[i + 7]! ^ lastHigh)) ===
                0
            ) {
              local[o] = index;
              local[o + 1] = index;
              local[o + 2] = index;
              local[o + 3] = index;
              o += 4;
              i += 8;
            }
            if (i === end) break;
            const low = input[i]!;
            const high = input[i + 1]!;
            if (low !== lastLow || high !== lastHigh) {
              index = this.add(low, high);
              lastLow = low;
              lastHigh = high;
            }
            local[o++] = index;
            i += 2;
          }
        } else {
          for (; i < end; i++) {
            const low = input[i]!;
            if (low !== lastLow) {
              index = this.add(low, 0);
              lastLow = low;
            }
            local[o++] = index;
          }
        }
      }
    }
    this.sort();
  }

  /** Writes the indices at word `p`; returns the word behind them. */
  pack(words: Uint32Array, p: number, bits: number): number {
    const { local, rank } = this;
    if (bits === 0) return p;
    rank[local.length] = 0;
    const voxels = local.length;
    for (let i = 0; i < voxels; ) {
      let word = 0;
      for (let shift = 0; shift < 32 && i < voxels; shift += bits) word |= rank[local[i++]!]! << shift;
      words[p++] = word;
    }
    return p;
  }

  private add(low: number, high: number): number {
    const { slots, stamps, stamp } = this;
    const mask = slots.length - 1;
    let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    while (stamps[slot] === stamp) {
      const index = slots[slot]!;
      if (this.foundLow[index] === low && this.foundHigh[index] === high) return index;
      slot = (slot + 1) & mask;
    }
    stamps[slot] = stamp;
    slots[slot] = this.count;
    this.foundLow[this.count] = low;
    this.foundHigh[this.count] = high;
    return this.count++;
  }

  private sort(): void {
    const { count, low, high, foundLow, foundHigh, rank } = this;
    if (count > 32) {
      const keys = Array.from({ length: count }, (_, k) => k);
      keys.sort((p, q) => foundHigh[p]! - foundHigh[q]! || foundLow[p]! - foundLow[q]!);
      keys.forEach((k, position) => {
        rank[k] = position;
      });
    } else {
      for (let k = 0; k < count; k++) {
        let smaller = 0;
        for (let m = 0; m < count; m++) {
          if (foundHigh[m]! < foundHigh[k]! || (foundHigh[m] === foundHigh[k] && foundLow[m]! < foundLow[k]!)) smaller++;
        }
        rank[k] = smaller;
      }
    }
    for (let k = 0; k < count; k++) {
      low[rank[k]!] = foundLow[k]!;
      high[rank[k]!] = foundHigh[k]!;
    }
  }
}

/** Finds tables that have been written before. A longer table that begins with the wanted labels serves as well. */
class SharedTables {
  /** Word of a table; 0 = empty. */
  private readonly slots: Uint32Array;

  constructor(blocks: number) {
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(blocks * 2 + 1)));
  }

  /** Word of the block's table; it is written at word `p` where there is none yet. */
  place(words: Uint32Array, p: number, labels: BlockLabels, width: 1 | 2): number {
    const { slots } = this;
    const { low, high, count } = labels;
    const mask = slots.length - 1;
    let hash = count;
    for (let k = 0; k < count; k++) hash = Math.imul(hash ^ low[k]! ^ Math.imul(high[k]!, 0x85ebca77), 0x9e3779b1) ^ (hash >>> 13);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const at = slots[slot]!;
      let k = at + count * width <= p ? 0 : count + 1;
      while (k < count && words[at + k * width] === low[k] && (width === 1 || words[at + 2 * k + 1] === high[k])) k++;
      if (k === count) return at;
    }
    slots[slot] = p;
    for (let k = 0; k < count; k++) {
      words[p + k * width] = low[k]!;
      if (width === 2) words[p + 2 * k + 1] = high[k]!;
    }
    return p;
  }
}

function bitsFor(count: number): number {
  if (count <= 1) return 0;
  let bits = 1;
  while (2 ** bits < count) bits *= 2;
  return bits;
}

function grow(words: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(needed, words.length * 2));
  larger.set(words);
  return larger;
}
