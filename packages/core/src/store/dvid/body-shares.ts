/** Merges what several boxes say about bodies into label indices. Pure; O(rows), and O(blocks of an earlier index). */
import { type Box, map3, shapeOf, type Vec3 } from "../../geometry/box.ts";
import type { BodyShare } from "../types.ts";
import { type BlockCounts, blockKey, blockOfKey, type LabelIndex } from "./wire/index.ts";

/** A row of a share. */
export interface ShareRow {
  readonly share: BodyShare;
  readonly row: number;
}

/** The rows of each body, in the order of shares and rows, and all bodies that have or had voxels, ascending. */
export function byBody(shares: readonly BodyShare[]): {
  readonly rows: ReadonlyMap<bigint, readonly ShareRow[]>;
  readonly bodies: readonly bigint[];
} {
  const rows = new Map<bigint, ShareRow[]>();
  const all = new Set<bigint>();
  for (const share of shares) {
    for (const id of share.former) all.add(id);
    for (const [row, id] of share.bodies.entries()) {
      const found = rows.get(id);
      if (found === undefined) rows.set(id, [{ share, row }]);
      else found.push({ share, row });
      all.add(id);
    }
  }
  return { rows, bodies: [...BigUint64Array.from(all).sort()] };
}

/** The index of a body: its earlier blocks but those that were written, and the rows, which are of those. A block of several boxes counts once. */
export function mergedIndex(before: LabelIndex, wasWritten: (block: Vec3) => boolean, rows: readonly ShareRow[]): LabelIndex {
  const blocks: BlockCounts[] = before.blocks.filter(({ block }) => !wasWritten(block));
  const written = new Map<bigint, { readonly from: BodyShare; readonly counts: Map<bigint, number> }>();
  for (const { share, row } of rows) {
    const cell = share.cells[row]!;
    let found = written.get(cell);
    if (found === undefined) {
      found = { from: share, counts: new Map() };
      written.set(cell, found);
      blocks.push({ block: blockOfKey(cell), counts: found.counts });
    }
    if (found.from === share) found.counts.set(share.supervoxels[row]!, share.voxels[row]!);
  }
  return { ...before, blocks };
}

/** Whether two indices have the same voxels of the same supervoxels in the same blocks. */
export function equalIndices(a: LabelIndex, b: LabelIndex): boolean {
  if (a.blocks.length !== b.blocks.length) return false;
  const counts = new Map(a.blocks.map((entry) => [blockKey(entry.block), entry.counts]));
  return b.blocks.every((entry) => {
    const other = counts.get(blockKey(entry.block));
    return other?.size === entry.counts.size && [...entry.counts].every(([id, voxels]) => other.get(id) === voxels);
  });
}

/** Tells whether a block (z, y, x, counted in blocks) lies in one of the shares' boxes. */
export function blockFinder(shares: readonly BodyShare[], blockSize: Vec3): (block: Vec3) => boolean {
  const boxes = shares.map(({ box }): Box => {
    return { start: map3((a) => box.start[a] / blockSize[a]), stop: map3((a) => box.stop[a] / blockSize[a]) };
  });
  // Boxes by the cells of a grid as wide as the widest, so that each touches few cells and each cell few boxes.
  const width = map3((a) => Math.max(1, ...boxes.map((b) => shapeOf(b)[a])));
  const cellOf = (v: Vec3) => map3((a) => Math.floor(v[a] / width[a]));
  const byCell = new Map<bigint, Box[]>();
  for (const b of boxes) {
    const [first, last] = [cellOf(b.start), cellOf(map3((a) => b.stop[a] - 1))];
    for (let z = first[0]; z <= last[0]; z++) {
      for (let y = first[1]; y <= last[1]; y++) {
        for (let x = first[2]; x <= last[2]; x++) {
          const key = blockKey([z, y, x]);
          byCell.set(key, [...(byCell.get(key) ?? []), b]);
        }
      }
    }
  }
  return (block) => {
    const candidates = byCell.get(blockKey(cellOf(block))) ?? [];
    return candidates.some(({ start, stop }) => block.every((n, a) => n >= start[a]! && n < stop[a]!));
  };
}
