/**
 * Cuts the region of interest into subvolumes.
 *
 * `grid-aligned`: one regular grid of core boxes that starts at the ROI's lower corner, rounded down to the output's chunks; every box
 * with an ROI voxel is kept. O(runs · boxes a run) + sorting.
 *
 * `ask-dvid`: the rule of the DVID server (`/partition`, not optimised), in blocks of 32 and boxes of B blocks. Each layer, each
 * row of a layer and each box of a row is centred on what it covers, so that rows may be shifted against each other:
 *
 *   left = extent mod B, first start = min − ⌊left / 2⌋
 *
 *        ┌────┬────┬────┐
 *        │    │    │    │      row y
 *        └─┬──┴─┬──┴─┬──┘
 *          │    │    │         row y + B: fewer blocks, shifted
 *          └────┴────┘
 */
import { AxonloomError } from "../errors.ts";
import { AXES, alignOut, type Box, box, grow, map3, toXyz, type Vec3, volumeOf, voxelsIn } from "./box.ts";
import { boundingBox, clipRoi, countVoxels, ROI_BLOCK, type Roi, visitPieces } from "./roi.ts";
import type { Subvolume } from "./subvolume.ts";

export const PARTITION_METHODS = ["grid-aligned", "ask-dvid"] as const;
export type PartitionMethod = (typeof PARTITION_METHODS)[number];

export const PARTITION_FILTERS = ["all", "interior-only"] as const;
export type PartitionFilter = (typeof PARTITION_FILTERS)[number];

export interface PartitionOptions {
  readonly roi: Roi;
  /** The volume. */
  readonly bounds: Box;
  readonly method: PartitionMethod;
  /** Size of a core box: a multiple of 32 and, for `grid-aligned`, of `grid`. */
  readonly chunk: Vec3;
  readonly border: Vec3;
  /** `interior-only` keeps boxes whose bordered box lies entirely inside the volume and the ROI. */
  readonly filter: PartitionFilter;
  /** The output's chunk; `ask-dvid` ignores it (see {@link coresOnGrid}). */
  readonly grid: Vec3;
  /** Where the output's grid starts; the origin unless given. */
  readonly gridOrigin?: Vec3;
}

/** More would not fit the memory of the machine that plans. */
const MAX_SUBVOLUMES = 2 ** 22;

/**
 * The subvolumes of a region of interest, sorted by core start (z, y, x); ids count after filtering. The last boxes may pass the volume's
 * edge. `E_PARTITION` when sizes do not fit, `E_ROI_INVALID` when no voxel of the ROI lies in the volume.
 */
export function partition(options: PartitionOptions): Subvolume[] {
  const { bounds, method, chunk, border, filter } = options;
  checkSizes(options);
  const { roi } = clipRoi(options.roi, bounds);
  const starts = method === "grid-aligned" ? gridAligned(roi, options) : askDvid(roi, chunk[0] / ROI_BLOCK);
  starts.sort((p, q) => p[0] - q[0] || p[1] - q[1] || p[2] - q[2]);
  const subvolumes: Subvolume[] = [];
  for (const start of starts) {
    const core = box(
      start,
      map3((a) => start[a] + chunk[a]),
    );
    const bordered = grow(core, border);
    if (filter === "interior-only" && countVoxels(roi, bordered, bounds) !== voxelsIn(bordered)) continue;
    subvolumes.push({ id: subvolumes.length, core, bordered });
  }
  return subvolumes;
}

/** Whether every core box consists of whole cells of a grid, so that each cell is written by one task only. */
export function coresOnGrid(subvolumes: readonly Subvolume[], cell: Vec3, origin: Vec3 = [0, 0, 0]): boolean {
  return subvolumes.every(({ core }) =>
    AXES.every((a) => (core.start[a] - origin[a]) % cell[a] === 0 && (core.stop[a] - origin[a]) % cell[a] === 0),
  );
}

function checkSizes({ method, chunk, border, grid }: PartitionOptions): void {
  const fail = (message: string, fields: Record<string, unknown>): never => {
    throw new AxonloomError("E_PARTITION", message, fields);
  };
  const xyz = (v: Vec3) => toXyz(v).join(", ");
  if (!AXES.every((a) => Number.isSafeInteger(grid[a]) && grid[a] > 0)) {
    fail(`output chunk: expected positive integers, found ${xyz(grid)} (x, y, z); correct the output's chunk-size`, {
      grid: toXyz(grid),
    });
  }
  if (!AXES.every((a) => Number.isSafeInteger(chunk[a]) && chunk[a] > 0 && chunk[a] % ROI_BLOCK === 0)) {
    fail(`chunk-size: expected multiples of ${ROI_BLOCK}, found ${xyz(chunk)} (x, y, z); round it`, { chunk: toXyz(chunk) });
  }
  if (!AXES.every((a) => Number.isSafeInteger(border[a]) && border[a] >= 0)) {
    fail(`border: expected integers of 0 or more, found ${xyz(border)} (x, y, z); correct it`, { border: toXyz(border) });
  }
  if (method === "grid-aligned" && !AXES.every((a) => chunk[a] % grid[a] === 0)) {
    fail(`chunk-size: expected multiples of the output's chunk ${xyz(grid)}, found ${xyz(chunk)} (x, y, z); change one of them`, {
      chunk: toXyz(chunk),
      grid: toXyz(grid),
    });
  }
  if (method === "ask-dvid" && !(chunk[0] === chunk[1] && chunk[1] === chunk[2])) {
    fail(`chunk-size: the partition method ask-dvid needs cubic boxes, found ${xyz(chunk)} (x, y, z); use grid-aligned`, {
      chunk: toXyz(chunk),
    });
  }
}

function refuseTooMany(): never {
  throw new AxonloomError(
    "E_PARTITION",
    `chunk-size: expected at most ${MAX_SUBVOLUMES} subvolumes, found more; take a larger chunk-size or a smaller ROI`,
  );
}

function gridAligned(roi: Roi, { chunk, grid, gridOrigin }: PartitionOptions): Vec3[] {
  const extent = boundingBox(roi)!;
  const corner = alignOut(extent, grid, gridOrigin).start;
  const cellsIn = (b: Box) =>
    box(
      map3((a) => Math.floor((b.start[a] - corner[a]) / chunk[a])),
      map3((a) => Math.ceil((b.stop[a] - corner[a]) / chunk[a])),
    );
  const [ny, nx] = [cellsIn(extent).stop[1], cellsIn(extent).stop[2]];
  if (volumeOf(cellsIn(extent).stop) > Number.MAX_SAFE_INTEGER) refuseTooMany();
  const cells = new Set<number>();
  visitPieces(roi, extent, (piece) => {
    const { start, stop } = cellsIn(piece);
    if (voxelsIn({ start, stop }) > MAX_SUBVOLUMES) refuseTooMany();
    for (let z = start[0]; z < stop[0]; z++) {
      for (let y = start[1]; y < stop[1]; y++) {
        for (let x = start[2]; x < stop[2]; x++) cells.add((z * ny + y) * nx + x);
      }
    }
    if (cells.size > MAX_SUBVOLUMES) refuseTooMany();
    return false;
  });
  return Array.from(cells, (cell): Vec3 => {
    const row = Math.floor(cell / nx);
    return [corner[0] + Math.floor(row / ny) * chunk[0], corner[1] + (row % ny) * chunk[1], corner[2] + (cell % nx) * chunk[2]];
  });
}

/** Where the first box of `size` blocks starts, so that the boxes are centred on blocks min … max (both included). */
function centredStart(min: number, max: number, size: number): number {
  return min - Math.floor(((max - min + 1) % size) / 2);
}

function askDvid(roi: Roi, size: number): Vec3[] {
  if (roi.blocks === null) return askDvidBox(alignOut(roi.box!, [ROI_BLOCK, ROI_BLOCK, ROI_BLOCK]), size);
  if (roi.blocks.size !== ROI_BLOCK) {
    throw new AxonloomError(
      "E_PARTITION",
      `ROI: the partition method ask-dvid needs blocks of ${ROI_BLOCK} voxels, found ${roi.blocks.size}; use grid-aligned`,
      { blockSize: roi.blocks.size },
    );
  }
  const { runs } = roi.blocks;
  const all = Array.from({ length: runs.length / 4 }, (_, i) => i * 4);
  const starts: Vec3[] = [];
  for (const [z, layer] of groupAlong(runs, all, 0, size)) {
    for (const [y, row] of groupAlong(runs, layer, 1, size)) {
      for (const x of boxesOfRow(runs, row, size)) {
        starts.push([z * ROI_BLOCK, y * ROI_BLOCK, x * ROI_BLOCK]);
        if (starts.length > MAX_SUBVOLUMES) refuseTooMany();
      }
    }
  }
  return starts;
}

/** Groups runs (positions in `runs`) by the centred box along z (0) or y (1) that holds them: first block of the box → runs. */
function groupAlong(runs: Int32Array, members: readonly number[], axis: 0 | 1, size: number): Map<number, number[]> {
  let min = Infinity;
  let max = -Infinity;
  for (const i of members) {
    min = Math.min(min, runs[i + axis]!);
    max = Math.max(max, runs[i + axis]!);
  }
  const first = centredStart(min, max, size);
  const groups = new Map<number, number[]>();
  for (const i of members) {
    const start = first + Math.floor((runs[i + axis]! - first) / size) * size;
    const group = groups.get(start);
    if (group === undefined) groups.set(start, [i]);
    else group.push(i);
  }
  return groups;
}

/** First blocks of the boxes of a row that hold a block. */
function boxesOfRow(runs: Int32Array, row: readonly number[], size: number): Set<number> {
  let min = Infinity;
  let end = -Infinity;
  for (const i of row) {
    min = Math.min(min, runs[i + 2]!);
    end = Math.max(end, runs[i + 3]!);
  }
  const first = centredStart(min, end - 1, size);
  const boxes = new Set<number>();
  for (const i of row) {
    const from = first + Math.floor((runs[i + 2]! - first) / size) * size;
    if ((runs[i + 3]! - from) / size > MAX_SUBVOLUMES) refuseTooMany();
    for (let x = from; x < runs[i + 3]!; x += size) boxes.add(x);
  }
  return boxes;
}

/** The same rule for a box without gaps, where all rows are alike. `b` lies on the block grid. */
function askDvidBox(b: Box, size: number): Vec3[] {
  const edge = size * ROI_BLOCK;
  const first = map3((a) => centredStart(b.start[a] / ROI_BLOCK, b.stop[a] / ROI_BLOCK - 1, size) * ROI_BLOCK);
  const count = map3((a) => Math.ceil((b.stop[a] - first[a]) / edge));
  if (volumeOf(count) > MAX_SUBVOLUMES) refuseTooMany();
  return Array.from({ length: volumeOf(count) }, (_, i): Vec3 => {
    const row = Math.floor(i / count[2]);
    return [first[0] + Math.floor(row / count[1]) * edge, first[1] + (row % count[1]) * edge, first[2] + (i % count[2]) * edge];
  });
}
