/**
 * Decoder of DVID's label block (layout: format.ts). O(voxels); sub-blocks of one label are filled without unpacking.
 *
 * Labels are moved as float64 where that is exact: one store of 8 bytes a voxel instead of two of 4 makes decoding 2.3 times as fast. Every
 * pattern of bits but those of NaN survives it, and no label below 2^62 is one. A block with such a label is moved as bigints.
 */
import type { Shape3 } from "../shape.ts";
import { type BlockParts, bitsFor, SUB, SUB_VOXELS, unpack } from "./format.ts";

/** Writes the part of the block that lies inside `output`, the block's first voxel being at `start`. */
export function decode(parts: BlockParts, output: BigUint64Array, shape: Shape3, start: Shape3): void {
  const table = new BigUint64Array(parts.table.length / 2);
  new Uint32Array(table.buffer).set(parts.table); // a copy: the bytes may not be aligned to 8
  const exact = !hasNaN(parts.table);
  // the compiler sees one type; all three arrays are of the same
  const as = (a: BigUint64Array) => (exact ? new Float64Array(a.buffer, a.byteOffset, a.length) : a) as Float64Array;
  const zero = (exact ? 0 : 0n) as number;
  fillVolume(parts, as(table), zero, as(output), as(new BigUint64Array(SUB_VOXELS)), shape, start);
}

/** Whether a label has the bits of NaN (or infinity) as a float64. */
function hasNaN(table: Uint32Array): boolean {
  for (let k = 1; k < table.length; k += 2) if ((table[k]! & 0x7ff00000) === 0x7ff00000) return true;
  return false;
}

function fillVolume(
  { counts, lists, values, shape: blockShape }: BlockParts,
  table: Float64Array,
  zero: number,
  output: Float64Array,
  labels: Float64Array,
  shape: Shape3,
  start: Shape3,
): void {
  if (counts.length === 0) {
    const [z, y, x] = [0, 1, 2].map((a) => cut(start[a]!, blockShape[a]!, shape[a]!)) as [Cut, Cut, Cut];
    fillBox(output, shape, z, y, x, table[0]!);
    return;
  }
  const [gz, gy, gx] = blockShape.map((n) => n / SUB) as unknown as Shape3;
  const numbers = new Uint16Array(SUB_VOXELS);
  let list = 0;
  let at = 0;
  for (let bz = 0, s = 0; bz < gz; bz++) {
    const z = cut(start[0] + bz * SUB, SUB, shape[0]);
    for (let by = 0; by < gy; by++) {
      const y = cut(start[1] + by * SUB, SUB, shape[1]);
      for (let bx = 0; bx < gx; bx++, s++) {
        const x = cut(start[2] + bx * SUB, SUB, shape[2]);
        const count = counts[s]!;
        if (count < 2) fillBox(output, shape, z, y, x, count === 0 ? zero : table[lists[list]!]!);
        else {
          // unpacked wherever it lies, so that damage is always found
          unpack(values, at, count, numbers);
          for (let k = 0; k < count; k++) labels[k] = table[lists[list + k]!]!;
          writeBox(output, shape, z, y, x, numbers, labels);
          at += bitsFor(count) * (SUB_VOXELS / 8);
        }
        list += count;
      }
    }
  }
}

/** Along one axis: voxels [from, to) of a box lie in the volume, the first one of the box at `start`. */
interface Cut {
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

function cut(start: number, length: number, n: number): Cut {
  return { start, from: Math.max(0, -start), to: Math.min(length, n - start) };
}

function fillBox(output: Float64Array, shape: Shape3, z: Cut, y: Cut, x: Cut, label: number): void {
  const width = x.to - x.from;
  if (width <= 0) return;
  for (let dz = z.from; dz < z.to; dz++) {
    let o = ((z.start + dz) * shape[1] + y.start + y.from) * shape[2] + x.start + x.from;
    for (let dy = y.from; dy < y.to; dy++, o += shape[2]) {
      if (width !== SUB) {
        output.fill(label, o, o + width);
        continue;
      }
      output[o] = label;
      output[o + 1] = label;
      output[o + 2] = label;
      output[o + 3] = label;
      output[o + 4] = label;
      output[o + 5] = label;
      output[o + 6] = label;
      output[o + 7] = label;
    }
  }
}

/** `labels[numbers[i]]` for the voxels of a sub-block. */
function writeBox(output: Float64Array, shape: Shape3, z: Cut, y: Cut, x: Cut, numbers: Uint16Array, labels: Float64Array): void {
  const whole = x.to - x.from === SUB;
  for (let dz = z.from; dz < z.to; dz++) {
    let i = (dz * SUB + y.from) * SUB;
    let o = ((z.start + dz) * shape[1] + y.start + y.from) * shape[2] + x.start;
    for (let dy = y.from; dy < y.to; dy++, i += SUB, o += shape[2]) {
      if (!whole) {
        for (let dx = x.from; dx < x.to; dx++) output[o + dx] = labels[numbers[i + dx]!]!;
        continue;
      }
      output[o] = labels[numbers[i]!]!;
      output[o + 1] = labels[numbers[i + 1]!]!;
      output[o + 2] = labels[numbers[i + 2]!]!;
      output[o + 3] = labels[numbers[i + 3]!]!;
      output[o + 4] = labels[numbers[i + 4]!]!;
      output[o + 5] = labels[numbers[i + 5]!]!;
      output[o + 6] = labels[numbers[i + 6]!]!;
      output[o + 7] = labels[numbers[i + 7]!]!;
    }
  }
}
