/** Voxels of each label of a block (layout: format.ts), by entry of its table. Sub-blocks of one label are not unpacked. */
import { type BlockParts, bitsFor, SUB_VOXELS, unpack } from "./format.ts";

/** Voxels per entry of the label table, and those of sub-blocks without labels, which are 0. */
export function countEntries({ shape, table, counts, lists, values }: BlockParts): { voxels: Uint32Array; unlisted: number } {
  const voxels = new Uint32Array(table.length / 2);
  if (counts.length === 0) voxels[0] = shape[0] * shape[1] * shape[2];
  const scratch = new Uint16Array(SUB_VOXELS);
  const local = new Uint32Array(SUB_VOXELS);
  let unlisted = 0;
  let list = 0;
  let at = 0;
  for (let s = 0; s < counts.length; s++) {
    const count = counts[s]!;
    if (count === 0) unlisted += SUB_VOXELS;
    else if (count === 1) voxels[lists[list]!]! += SUB_VOXELS;
    else {
      unpack(values, at, count, scratch);
      local.fill(0, 0, count);
      for (let i = 0; i < SUB_VOXELS; i++) local[scratch[i]!]!++;
      for (let k = 0; k < count; k++) voxels[lists[list + k]!]! += local[k]!;
      at += bitsFor(count) * (SUB_VOXELS / 8);
    }
    list += count;
  }
  return { voxels, unlisted };
}
