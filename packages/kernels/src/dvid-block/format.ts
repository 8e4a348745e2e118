/**
 * DVID's label block, uncompressed form. Little endian. A block has nx · ny · nz voxels, multiples of 8, in sub-blocks of 8³.
 *
 *   0            uint32 × 3   sub-blocks along x, y, z; their product is S
 *   12           uint32       N, entries of the label table, 1 or more
 *   16           uint64 × N   label table: any order, entries may repeat. With N = 1 the block ends here: all voxels are that label
 *   16 + 8N      uint16 × S   n, labels of each sub-block, x fastest, then y, then z
 *   …            uint32 × Σn  per sub-block its n indices into the label table
 *   …            bytes        per sub-block with n > 1: 512 values of ceil(log2 n) bits, x fastest, most significant bit first;
 *                             a value selects one of the sub-block's indices. n = 0: all voxels are 0
 *
 * https://github.com/janelia-flyem/dvid, datatype/common/labels
 */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";

/** Voxels along an edge of a sub-block, and all of them. */
export const SUB = 8;
export const SUB_VOXELS = SUB ** 3;
export const HEADER_BYTES = 16;
/** What a block may have, so that counts fit 32 bits and a damaged header asks for no memory. */
export const MOST_BLOCK_VOXELS = 2 ** 27;

/** The parts of a block, as views of its bytes. */
export interface BlockParts {
  /** Voxels z, y, x. */
  readonly shape: Shape3;
  /** Label table, two words an entry, low first. */
  readonly table: Uint32Array;
  /** Labels per sub-block; empty for a block of one label. */
  readonly counts: Uint16Array;
  /** Indices into the table, sub-block after sub-block. */
  readonly lists: Uint32Array;
  /** Packed values. */
  readonly values: Uint8Array;
}

export function damaged(what: string): KernelError {
  return new KernelError("E_CODEC_DAMAGED", `DVID label block: ${what}; the bytes are damaged, or not those of a label block`);
}

/** Bits of a value in a sub-block of `labels` labels. */
export function bitsFor(labels: number): number {
  return labels < 2 ? 0 : 32 - Math.clz32(labels - 1);
}

/** Checks all sizes and indices, but not the packed values. */
export function readParts(bytes: Uint8Array): BlockParts {
  if (bytes.length < HEADER_BYTES + 8) throw damaged(`expected at least ${HEADER_BYTES + 8} bytes, found ${bytes.length}`);
  // a copy where words would not be aligned; not slice(), which shares the memory of a Buffer
  const whole = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const at = (offset: number) => whole.byteOffset + offset;
  const [gx, gy, gz, n] = new Uint32Array(whole.buffer, at(0), 4) as unknown as [number, number, number, number];
  const subBlocks = gx * gy * gz;
  if (subBlocks === 0 || subBlocks > MOST_BLOCK_VOXELS / SUB_VOXELS) {
    throw damaged(`expected 1 to ${MOST_BLOCK_VOXELS / SUB_VOXELS} sub-blocks, found ${gx} × ${gy} × ${gz}`);
  }
  const shape: Shape3 = [gz * SUB, gy * SUB, gx * SUB];
  const solid = n === 1;
  const countsAt = HEADER_BYTES + 8 * n;
  // an odd number of counts would leave the indices unaligned: no block of whole 16 voxels has one
  const listsAt = countsAt + (solid ? 0 : 2 * subBlocks);
  if (n === 0 || listsAt > whole.length || listsAt % 4 !== 0) {
    throw damaged(`${n} labels and ${subBlocks} sub-blocks do not fit ${whole.length} bytes`);
  }
  const table = new Uint32Array(whole.buffer, at(HEADER_BYTES), 2 * n);
  const counts = new Uint16Array(whole.buffer, at(countsAt), solid ? 0 : subBlocks);
  let indices = 0;
  let valueBytes = 0;
  for (let s = 0; s < counts.length; s++) {
    const labels = counts[s]!;
    if (labels > SUB_VOXELS) throw damaged(`sub-block ${s} has ${labels} labels, more than voxels`);
    indices += labels;
    valueBytes += bitsFor(labels) * (SUB_VOXELS / 8);
  }
  const valuesAt = listsAt + 4 * indices;
  if (valuesAt + valueBytes !== whole.length) throw damaged(`expected ${valuesAt + valueBytes} bytes, found ${whole.length}`);
  const lists = new Uint32Array(whole.buffer, at(listsAt), indices);
  for (let i = 0; i < indices; i++) {
    if (lists[i]! >= n) throw damaged(`index ${lists[i]} at place ${i} is behind the last of ${n} labels`);
  }
  return { shape, table, counts, lists, values: whole.subarray(valuesAt) };
}

/** Unpacks the 512 values of a sub-block; a value behind its `labels` is damage. */
export function unpack(bytes: Uint8Array, at: number, labels: number, out: Uint16Array): void {
  const bits = bitsFor(labels);
  if (bits === 1) unpack1(bytes, at, out);
  else if (bits === 2) unpack2(bytes, at, out);
  else if (bits === 3) unpack3(bytes, at, out);
  else unpackAny(bytes, at, bits, out);
  if (labels === 1 << bits) return;
  let most = 0;
  for (let i = 0; i < SUB_VOXELS; i++) most = Math.max(most, out[i]!);
  if (most >= labels) throw damaged(`value ${most} in a sub-block of ${labels} labels`);
}

function unpack1(bytes: Uint8Array, at: number, out: Uint16Array): void {
  for (let o = 0; o < SUB_VOXELS; o += 8) {
    const b = bytes[at++]!;
    out[o] = b >> 7;
    out[o + 1] = (b >> 6) & 1;
    out[o + 2] = (b >> 5) & 1;
    out[o + 3] = (b >> 4) & 1;
    out[o + 4] = (b >> 3) & 1;
    out[o + 5] = (b >> 2) & 1;
    out[o + 6] = (b >> 1) & 1;
    out[o + 7] = b & 1;
  }
}

function unpack2(bytes: Uint8Array, at: number, out: Uint16Array): void {
  for (let o = 0; o < SUB_VOXELS; o += 4) {
    const b = bytes[at++]!;
    out[o] = b >> 6;
    out[o + 1] = (b >> 4) & 3;
    out[o + 2] = (b >> 2) & 3;
    out[o + 3] = b & 3;
  }
}

function unpack3(bytes: Uint8Array, at: number, out: Uint16Array): void {
  for (let o = 0; o < SUB_VOXELS; o += 8, at += 3) {
    const b = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    out[o] = b >> 21;
    out[o + 1] = (b >> 18) & 7;
    out[o + 2] = (b >> 15) & 7;
    out[o + 3] = (b >> 12) & 7;
    out[o + 4] = (b >> 9) & 7;
    out[o + 5] = (b >> 6) & 7;
    out[o + 6] = (b >> 3) & 7;
    out[o + 7] = b & 7;
  }
}

function unpackAny(bytes: Uint8Array, at: number, bits: number, out: Uint16Array): void {
  const mask = (1 << bits) - 1;
  let held = 0;
  let left = 0;
  for (let o = 0; o < SUB_VOXELS; o++) {
    while (left < bits) {
      held = (held << 8) | bytes[at++]!; // older bits fall off the top
      left += 8;
    }
    left -= bits;
    out[o] = (held >>> left) & mask;
  }
}
