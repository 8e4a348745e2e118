/** Overlaps of two numberings of one block, with the first voxel of each pair. */
import { countOverlaps } from "@axonloom/kernels";
import type { PieceOverlaps } from "./overlap-sum.ts";

/** Pairs with a truth, sorted; segment 0 counts as any other. `first` is a position in the block. O(voxels + runs · log pairs). */
export function overlapsOfBlock(truth: Uint32Array, segment: Uint32Array): PieceOverlaps {
  const { a, b, voxels } = countOverlaps(truth, segment, { includeZero: true });
  const start = firstAbove(a, 0); // pairs without a truth come first
  const pairs = { truth: a.slice(start), segment: b.slice(start), voxels: voxels.slice(start) };
  const first = new Float64Array(pairs.voxels.length).fill(-1);
  for (let i = 0; i < truth.length; ) {
    const [t, s] = [truth[i]!, segment[i]!];
    if (t !== 0) {
      const pair = positionOf(pairs.truth, pairs.segment, t, s);
      if (first[pair] === -1) first[pair] = i;
    }
    do i++;
    while (i < truth.length && truth[i] === t && segment[i] === s);
  }
  return { ...pairs, first };
}

function firstAbove(sorted: Uint32Array, value: number): number {
  let at = 0;
  while (at < sorted.length && sorted[at]! <= value) at += 1;
  return at;
}

function positionOf(truth: Uint32Array, segment: Uint32Array, t: number, s: number): number {
  let low = 0;
  let high = truth.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (truth[middle]! < t || (truth[middle] === t && segment[middle]! < s)) low = middle + 1;
    else high = middle;
  }
  return low;
}
