/**
 * Super-blocks of subvolumes for the hierarchical contraction of matches (`stitch/contract.ts`). A subvolume's cell is the place of its
 * core box on a grid of that size, rounded down; a super-block of level k holds all cells that agree in z, y, x divided by 2^k, rounded
 * down. Where rows of core boxes are shifted against each other a cell may have several: any grouping gives the right result, this one
 * keeps neighbours together. Level 0 is the subvolume itself.
 */
import { AXES, type Box, map3, shapeOf } from "../../geometry/box.ts";
import { subvolumeKey } from "./context.ts";

export interface SuperBlocks {
  /** Segment index just before the first segment of each subvolume. */
  readonly offsets: Float64Array;
  /** z, y, x of each subvolume's cell, from 0. */
  readonly cells: Int32Array;
  /** Of the super-block that holds all; at least 1. */
  readonly levels: number;
}

/** @param cores of all subvolumes, of one size. */
export function planSuperBlocks(cores: readonly Box[], offsets: readonly number[]): SuperBlocks {
  const size = shapeOf(cores[0]!);
  const lowest = map3((axis) => cores.reduce((low, { start }) => Math.min(low, start[axis]), Number.POSITIVE_INFINITY));
  const cells = new Int32Array(3 * cores.length);
  cores.forEach(({ start }, i) => {
    for (const axis of AXES) cells[3 * i + axis] = Math.floor((start[axis] - lowest[axis]) / size[axis]);
  });
  let levels = 1;
  while (cells.some((cell) => cell >> levels > 0)) levels += 1;
  return { offsets: Float64Array.from(offsets), cells, levels };
}

/** Level of the smallest super-block that holds both subvolumes, from 1. */
export function meetingLevel({ cells }: SuperBlocks, a: number, b: number): number {
  let level = 1;
  while (AXES.some((axis) => cells[3 * a + axis]! >> level !== cells[3 * b + axis]! >> level)) level += 1;
  return level;
}

/** Key of the super-block of a subvolume. */
export function blockKey({ cells }: SuperBlocks, subvolume: number, level: number): string {
  if (level === 0) return subvolumeKey(subvolume);
  return AXES.map((axis) => cells[3 * subvolume + axis]! >> level).join("/");
}

/** Key of the next larger super-block around one of level 1 or more. */
export function keyAround(key: string): string {
  return key
    .split("/")
    .map((cell) => Number(cell) >> 1)
    .join("/");
}
