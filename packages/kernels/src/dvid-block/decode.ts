/** Decoder of DVID's label block (layout: format.ts). O(voxels); whole sub-blocks of one label are filled without unpacking. */
import type { Shape3 } from "../shape.ts";
import { type BlockParts, bitsFor, SUB, SUB_VOXELS, unpack } from "./format.ts";

/** Writes the part of the block that lies inside `output` (two words a label), the block's first voxel being at `start`. */
export function decode(parts: BlockParts, output: Uint32Array, shape: Shape3, start: Shape3): void {
  const { counts, lists, table, values } = parts;
  if (counts.length === 0) {
    const [z, y, x] = [0, 1, 2].map((a) => range(start[a]!, parts.shape[a]!, shape[a]!)) as [Range, Range, Range];
    fill(output, shape, start, z, y, x, table[0]!, table[1]!);
    return;
  }
  const [gz, gy, gx] = parts.shape.map((n) => n / SUB) as unknown as Shape3;
  const scratch = new Uint16Array(SUB_VOXELS);
  const low = new Uint32Array(SUB_VOXELS);
  const high = new Uint32Array(SUB_VOXELS);
  const row = shape[2] * 2;
  const slice = shape[1] * row;
  let list = 0;
  let at = 0;
  for (let bz = 0, s = 0; bz < gz; bz++) {
    const z0 = start[0] + bz * SUB;
    const z = range(z0, SUB, shape[0]);
    for (let by = 0; by < gy; by++) {
      const y0 = start[1] + by * SUB;
      const y = range(y0, SUB, shape[1]);
      for (let bx = 0; bx < gx; bx++, s++) {
        const x0 = start[2] + bx * SUB;
        const x = range(x0, SUB, shape[2]);
        const count = counts[s]!;
        if (count < 2) {
          const entry = 2 * lists[list]!;
          fill(output, shape, [z0, y0, x0], z, y, x, count === 0 ? 0 : table[entry]!, count === 0 ? 0 : table[entry + 1]!);
        } else {
          // all values are looked at, so that damage is found wherever the target lies
          unpack(values, at, count, scratch);
          for (let k = 0; k < count; k++) {
            const entry = 2 * lists[list + k]!;
            low[k] = table[entry]!;
            high[k] = table[entry + 1]!;
          }
          for (let dz = z.from; dz < z.to; dz++) {
            for (let dy = y.from; dy < y.to; dy++) {
              let v = (dz * SUB + dy) * SUB + x.from;
              let o = (z0 + dz) * slice + (y0 + dy) * row + (x0 + x.from) * 2;
              for (let dx = x.from; dx < x.to; dx++, o += 2) {
                const k = scratch[v++]!;
                output[o] = low[k]!;
                output[o + 1] = high[k]!;
              }
            }
          }
          at += bitsFor(count) * (SUB_VOXELS / 8);
        }
        list += count;
      }
    }
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Which of `length` voxels from `start` on lie in [0, n). */
function range(start: number, length: number, n: number): Range {
  return { from: Math.max(0, -start), to: Math.min(length, n - start) };
}

function fill(output: Uint32Array, shape: Shape3, start: Shape3, z: Range, y: Range, x: Range, low: number, high: number): void {
  const row = shape[2] * 2;
  for (let dz = z.from; dz < z.to; dz++) {
    for (let dy = y.from; dy < y.to; dy++) {
      let o = ((start[0] + dz) * shape[1] + start[1] + dy) * row + (start[2] + x.from) * 2;
      for (let dx = x.from; dx < x.to; dx++, o += 2) {
        output[o] = low;
        output[o + 1] = high;
      }
    }
  }
}
