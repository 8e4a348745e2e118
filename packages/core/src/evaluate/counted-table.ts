/**
 * Which bodies of the truth count, and what is left of a table of overlaps then. Bodies below the threshold are taken out as if they had
 * never existed: their voxels count neither for them nor for the segments that they lie in.
 */
import type { Overlaps } from "./overlap-sum.ts";

export interface CountOptions {
  /** Truth bodies with fewer voxels, or points, are left out. */
  readonly threshold: number;
  /**
   * Sparse truth: measured are these bodies only, while the others still count for the segments that they share with them. null: all.
   */
  readonly important: ReadonlySet<bigint> | null;
  /** Leaves out what has no segment; else 0 of the segmentation is a body. */
  readonly skipUnsegmented: boolean;
}

export interface CountedTable extends Overlaps {
  /** By position of the id; 0 for who is left out, or has nothing that counts. */
  readonly truthSizes: Float64Array;
  readonly segmentSizes: Float64Array;
  /** 1 for the truth bodies that are measured. */
  readonly measured: Uint8Array;
  /** Sum of the sizes of measured bodies: N. */
  readonly size: number;
  /** Sizes of truth bodies below the threshold, by position; 0 for all others. */
  readonly smallSizes: Float64Array;
  readonly leftOut: number;
}

export function countedTable(table: Overlaps, { threshold, important, skipUnsegmented }: CountOptions): CountedTable {
  const { truthIds, segmentIds } = table;
  const unsegmented = (i: number) => skipUnsegmented && segmentIds[table.segment[i]!] === 0n;
  const truthSizes = new Float64Array(truthIds.length);
  // With what has no segment: whether a body counts must not depend on how much of it was found.
  const wholeSizes = new Float64Array(truthIds.length);
  for (let i = 0; i < table.voxels.length; i++) {
    wholeSizes[table.truth[i]!]! += table.voxels[i]!;
    if (!unsegmented(i)) truthSizes[table.truth[i]!]! += table.voxels[i]!;
  }
  const smallSizes = new Float64Array(truthIds.length);
  const measured = new Uint8Array(truthIds.length);
  let size = 0;
  let leftOut = 0;
  truthIds.forEach((id, t) => {
    const own = truthSizes[t]!;
    if (id === 0n || wholeSizes[t]! < threshold) {
      truthSizes[t] = 0;
      if (id === 0n) return;
      smallSizes[t] = wholeSizes[t]!;
      leftOut += own;
    } else if (own > 0 && (important === null || important.has(id))) {
      measured[t] = 1;
      size += own;
    }
  });
  const kept: number[] = [];
  for (let i = 0; i < table.voxels.length; i++) if (truthSizes[table.truth[i]!]! > 0 && !unsegmented(i)) kept.push(i);
  const truth = Uint32Array.from(kept, (i) => table.truth[i]!);
  const segment = Uint32Array.from(kept, (i) => table.segment[i]!);
  const voxels = Float64Array.from(kept, (i) => table.voxels[i]!);
  const segmentSizes = new Float64Array(segmentIds.length);
  segment.forEach((s, i) => {
    segmentSizes[s]! += voxels[i]!;
  });
  const first = Float64Array.from(kept, (i) => table.first[i]!);
  return { truthIds, segmentIds, truth, segment, voxels, first, truthSizes, segmentSizes, measured, size, smallSizes, leftOut };
}
