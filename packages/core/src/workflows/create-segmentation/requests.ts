/**
 * How many requests a run makes of servers that keep its volumes: for voxels, blocks and indices. Those that ask what a volume is, and those
 * that are repeated because a server is busy, come on top. O(subvolumes · levels).
 */

import {
  alignOut,
  type Box,
  cellsIn,
  contains,
  intersect,
  isEmpty,
  map3,
  type Vec3,
  volumeOf,
  voxelsIn,
} from "../../geometry/box.ts";
import { countVoxels, type Roi } from "../../geometry/roi.ts";
import type { Subvolume } from "../../geometry/subvolume.ts";
import type { VolumeInfo, WriteGrid } from "../../store/types.ts";
import { bandsOf, DIGEST_BAND_BYTES } from "../digest.ts";
import { indexHands } from "./index-hands.ts";
import { piecesOf } from "./preserved.ts";

export interface RunRequests {
  readonly read: number;
  readonly write: number;
}

export interface RequestPlan {
  readonly subvolumes: readonly Subvolume[];
  readonly input: VolumeInfo;
  readonly output: { readonly bounds: Box; readonly grid: WriteGrid };
  readonly roi: Roi;
  readonly preserved: VolumeInfo | null;
}

/** null when no volume of the run lies on a server. */
export function planRequests({ subvolumes, input, output, roi, preserved }: RequestPlan): RunRequests | null {
  let [read, write] = [0, 0];
  const inputRequest = input.writeGrid?.request;
  const preservedRequest = preserved?.writeGrid?.request;
  const { request, cell, origin } = output.grid;
  if (inputRequest === undefined && preservedRequest === undefined && request === undefined) return null;
  for (const { core, bordered } of subvolumes) {
    const written = intersect(core, output.bounds);
    if (inputRequest !== undefined) read += touched(intersect(bordered, input.bounds), inputRequest);
    if (preserved !== null && preservedRequest !== undefined) {
      // for the mask, for writing, for the verification
      for (const box of [bordered, core, core])
        for (const piece of piecesOf(intersect(box, preserved.bounds), preserved)) read += touched(piece, preservedRequest);
    }
    if (request !== undefined) {
      // what lay there before, and the blocks to be counted; one look at the highest label
      read += 2 * touched(written, request) + 1;
      write += touched(written, request);
      // what of its cells stays as it is, is read before
      const cells = alignOut(written, cell, origin);
      if (countVoxels(roi, cells, input.bounds) < voxelsIn(cells)) read += touched(written, request);
      if (preserved !== null) read += touched(written, request);
    }
  }
  if (request !== undefined) {
    const cores = subvolumes.map(({ core }) => intersect(core, output.bounds));
    for (let scale = 1; scale === 1 || !fits(output.bounds, cell, 2 ** (scale - 1)); scale++) {
      const edge = map3((a) => cell[a] * 2 ** scale);
      const tasks = distinctCells(cores, edge, origin);
      read += tasks.length + tasks.filter((task) => !contains(output.bounds, task)).length;
      write += tasks.length;
    }
    write += indexHands(subvolumes.length);
    const info = { bounds: output.bounds, writeGrid: output.grid, dtype: "uint64" } as const;
    for (const band of bandsOf(info, DIGEST_BAND_BYTES)) read += touched(band, request);
  }
  return { read, write };
}

/** Requests for a box: cells of a grid that begins at 0. */
function touched(box: Box, request: Vec3): number {
  if (isEmpty(box)) return 0;
  const { start, stop } = alignOut(box, request);
  return volumeOf(map3((a) => (stop[a] - start[a]) / request[a]));
}

function fits({ start, stop }: Box, cell: Vec3, factor: number): boolean {
  return [0, 1, 2].every((a) => Math.ceil(stop[a]! / factor) - Math.floor(start[a]! / factor) <= cell[a]!);
}

function distinctCells(boxes: readonly Box[], cell: Vec3, origin: Vec3): Box[] {
  const cells = new Map<string, Box>();
  for (const box of boxes) {
    if (isEmpty(box)) continue;
    for (const c of cellsIn(alignOut(box, cell, origin), cell, origin)) cells.set(c.start.join(), c);
  }
  return [...cells.values()];
}
