/**
 * The region of interest: the voxels that are segmented and written. It is a box, a set of cubic blocks, or both at once (the
 * voxels in the box that lie in a block). Blocks are kept as sorted runs along x and are never expanded, so that an ROI costs
 * 16 bytes a run however long its runs are; questions about a box cost O(runs in the box + rows · log runs).
 *
 *         x →   0 1 2 3 4 5 6
 *   (z, y)      . ■ ■ ■ . ■ .      one row of blocks = two runs: [z, y, 1, 4) and [z, y, 5, 6)
 */
import { AxonloomError } from "../errors.ts";
import { AXES, type Box, contains, formatBox, intersect, isEmpty, shapeOf, volumeOf, voxelsIn } from "./box.ts";

/** Edge of a block of the ROI in voxels, unless said otherwise. */
export const ROI_BLOCK = 32;

/** Plain data: crosses threads and processes as it is. null = no limit. */
export interface Roi {
  readonly box: Box | null;
  readonly blocks: BlockRuns | null;
}

export interface BlockRuns {
  /** Edge of a block in voxels; block c covers voxels c·size … (c+1)·size − 1 on each axis. */
  readonly size: number;
  /** Four numbers a run, in blocks: z, y, first x, x after the last. Sorted by (z, y, x); runs of a row neither overlap nor touch. */
  readonly runs: Int32Array;
}

/** Voxel coordinates of an ROI stay below this, so that block and voxel arithmetic is exact. */
const COORDINATE_LIMIT = 2 ** 31;

/** Every voxel of the volume. */
export function wholeRoi(): Roi {
  return { box: null, blocks: null };
}

/** Exactly the voxels of a box. `E_ROI_INVALID` when it is empty or not of integers. */
export function roiFromBox(b: Box): Roi {
  const integers = [...b.start, ...b.stop].every((n) => Number.isSafeInteger(n) && Math.abs(n) <= COORDINATE_LIMIT);
  if (!integers || isEmpty(b)) {
    throw new AxonloomError(
      "E_ROI_INVALID",
      `ROI box: expected integers with start < stop on each axis, found ${formatBox(b)}; correct its corners`,
      {
        box: b,
      },
    );
  }
  return { box: b, blocks: null };
}

/**
 * Reads the runs `[z, y, x_first, x_last]` (blocks of `blockSize` voxels, last included) of an ROI file. Runs may be unsorted and may
 * overlap; they are united. `E_ROI_INVALID` names the first wrong entry.
 */
export function parseRoi(json: unknown, blockSize: number = ROI_BLOCK): Roi {
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > 65536) {
    throw new AxonloomError(
      "E_ROI_INVALID",
      `ROI block size: expected an integer from 1 to 65536, found ${blockSize}; correct roi.block-size`,
      {
        blockSize,
      },
    );
  }
  if (!Array.isArray(json) || json.length === 0) {
    throw new AxonloomError(
      "E_ROI_INVALID",
      `ROI: expected a list of runs [z, y, x_first, x_last] with at least one entry, found ${brief(json)}; correct the ROI file`,
    );
  }
  const limit = Math.floor(COORDINATE_LIMIT / blockSize) - 1;
  const raw = new Int32Array(json.length * 4);
  for (let i = 0; i < json.length; i++) {
    const entry: unknown = json[i];
    if (!isRun(entry, limit)) {
      throw new AxonloomError(
        "E_ROI_INVALID",
        `ROI entry ${i}: expected [z, y, x_first, x_last], integers between ${-limit} and ${limit} with x_first <= x_last, found ${brief(entry)}; correct the ROI file`,
        { entry: i },
      );
    }
    raw.set(entry, i * 4);
    raw[i * 4 + 3] = entry[3] + 1;
  }
  return { box: null, blocks: { size: blockSize, runs: uniteRuns(raw) } };
}

function isRun(entry: unknown, limit: number): entry is [number, number, number, number] {
  return (
    Array.isArray(entry) &&
    entry.length === 4 &&
    entry.every((n) => Number.isInteger(n) && Math.abs(n) <= limit) &&
    entry[2] <= entry[3]
  );
}

function brief(value: unknown): string {
  if (value === undefined) return "nothing";
  if (!Array.isArray(value)) return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 60);
  return value.length > 8 ? `a list of ${value.length}` : JSON.stringify(value).slice(0, 60);
}

/** Sorts by (z, y, x) and joins runs of a row that overlap or touch. */
function uniteRuns(raw: Int32Array): Int32Array {
  const order = Uint32Array.from({ length: raw.length / 4 }, (_, i) => i * 4);
  order.sort((i, j) => raw[i]! - raw[j]! || raw[i + 1]! - raw[j + 1]! || raw[i + 2]! - raw[j + 2]!);
  const united = new Int32Array(raw.length);
  let end = 0;
  for (const i of order) {
    const last = end - 4;
    if (end > 0 && united[last] === raw[i] && united[last + 1] === raw[i + 1] && raw[i + 2]! <= united[last + 3]!) {
      united[last + 3] = Math.max(united[last + 3]!, raw[i + 3]!);
    } else {
      united.set(raw.subarray(i, i + 4), end);
      end += 4;
    }
  }
  return united.slice(0, end);
}

/** Position in `runs` of the first run at or after row (z, y) that ends after block x. */
function lowerBound(runs: Int32Array, z: number, y: number, x: number): number {
  let low = 0;
  let high = runs.length / 4;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const i = middle * 4;
    const before = runs[i]! < z || (runs[i] === z && (runs[i + 1]! < y || (runs[i + 1] === y && runs[i + 3]! <= x)));
    if (before) low = middle + 1;
    else high = middle;
  }
  return low * 4;
}

/** Visits the runs that share a block with `cover` (a box in blocks), in order, until `visit` returns true; returns whether it did. */
function visitRuns(runs: Int32Array, cover: Box, visit: (index: number) => boolean): boolean {
  const [z0, y0, x0] = cover.start;
  const [z1, y1, x1] = cover.stop;
  let i = lowerBound(runs, z0, y0, x0);
  while (i < runs.length) {
    const z = runs[i]!;
    const y = runs[i + 1]!;
    if (z >= z1) return false;
    if (y < y0) i = lowerBound(runs, z, y0, x0);
    else if (y >= y1) i = lowerBound(runs, z + 1, y0, x0);
    else if (runs[i + 2]! >= x1) i = lowerBound(runs, z, y + 1, x0);
    else if (runs[i + 3]! <= x0) i = lowerBound(runs, z, y, x0);
    else if (visit(i)) return true;
    else i += 4;
  }
  return false;
}

/** The blocks that share a voxel with `b`, as a box in blocks. */
function coverOf(b: Box, size: number): Box {
  return {
    start: [Math.floor(b.start[0] / size), Math.floor(b.start[1] / size), Math.floor(b.start[2] / size)],
    stop: [Math.ceil(b.stop[0] / size), Math.ceil(b.stop[1] / size), Math.ceil(b.stop[2] / size)],
  };
}

function voxelsOfRun({ size, runs }: BlockRuns, i: number): Box {
  return {
    start: [runs[i]! * size, runs[i + 1]! * size, runs[i + 2]! * size],
    stop: [(runs[i]! + 1) * size, (runs[i + 1]! + 1) * size, runs[i + 3]! * size],
  };
}

/**
 * Visits the part of `within` that lies in the ROI as disjoint, non-empty boxes of voxels, until `visit` returns true; returns whether
 * it did. O(pieces + rows · log runs).
 */
export function visitPieces(roi: Roi, within: Box, visit: (piece: Box) => boolean): boolean {
  const common = roi.box === null ? within : intersect(roi.box, within);
  if (isEmpty(common)) return false;
  const { blocks } = roi;
  if (blocks === null) return visit(common);
  return visitRuns(blocks.runs, coverOf(common, blocks.size), (i) => visit(intersect(voxelsOfRun(blocks, i), common)));
}

/** Smallest box around the ROI (empty when the ROI is); null when it has no limit. O(runs). */
export function boundingBox(roi: Roi): Box | null {
  if (roi.blocks === null) return roi.box;
  const start = [Infinity, Infinity, Infinity] as [number, number, number];
  const stop = [-Infinity, -Infinity, -Infinity] as [number, number, number];
  for (let i = 0; i < roi.blocks.runs.length; i += 4) {
    const run = voxelsOfRun(roi.blocks, i);
    const piece = roi.box === null ? run : intersect(run, roi.box);
    if (isEmpty(piece)) continue;
    for (const a of AXES) {
      start[a] = Math.min(start[a], piece.start[a]);
      stop[a] = Math.max(stop[a], piece.stop[a]);
    }
  }
  return start[0] === Infinity ? { start: [0, 0, 0], stop: [0, 0, 0] } : { start, stop };
}

/** The ROI inside `b`: what a task about `b` needs of it. May be empty. */
export function restrictRoi(roi: Roi, b: Box): Roi {
  const common = roi.box === null ? b : intersect(roi.box, b);
  if (roi.blocks === null) return { box: common, blocks: null };
  const { size, runs } = roi.blocks;
  const cover = coverOf(common, size);
  const kept: number[] = [];
  if (!isEmpty(common)) {
    visitRuns(runs, cover, (i) => {
      kept.push(runs[i]!, runs[i + 1]!, Math.max(runs[i + 2]!, cover.start[2]), Math.min(runs[i + 3]!, cover.stop[2]));
      return false;
    });
  }
  return { box: common, blocks: { size, runs: Int32Array.from(kept) } };
}

/**
 * The ROI inside the volume, and whether something of it lay outside. `E_ROI_INVALID` when nothing lies inside. The whole volume is
 * never cut.
 */
export function clipRoi(roi: Roi, bounds: Box): { readonly roi: Roi; readonly cut: boolean } {
  const extent = boundingBox(roi);
  if (!intersectsBox(roi, bounds)) {
    const found = extent === null ? "an empty volume" : `the ROI at ${formatBox(extent)}`;
    throw new AxonloomError(
      "E_ROI_INVALID",
      `ROI: expected at least one voxel inside the volume (${formatBox(bounds)}), found ${found}; correct the ROI or the input`,
      {
        roi: extent,
        bounds,
      },
    );
  }
  return { roi: restrictRoi(roi, bounds), cut: extent !== null && !contains(bounds, extent) };
}

/** Whether the ROI has a voxel in `b`. */
export function intersectsBox(roi: Roi, b: Box): boolean {
  return visitPieces(roi, b, () => true);
}

/** How many voxels of `b` lie inside the volume and the ROI. */
export function countVoxels(roi: Roi, b: Box, bounds: Box): number {
  let voxels = 0;
  visitPieces(roi, intersect(b, bounds), (piece) => {
    voxels += voxelsIn(piece);
    return false;
  });
  return voxels;
}

/** 1 where a voxel of `b` lies inside the volume and the ROI; null when all do. Shape of `b`, C order. */
export function maskOf(roi: Roi, b: Box, bounds: Box): Uint8Array | null {
  const shape = shapeOf(b);
  if (countVoxels(roi, b, bounds) === voxelsIn(b)) return null;
  const mask = new Uint8Array(volumeOf(shape));
  visitPieces(roi, intersect(b, bounds), ({ start, stop }) => {
    for (let z = start[0]; z < stop[0]; z++) {
      for (let y = start[1]; y < stop[1]; y++) {
        const row = ((z - b.start[0]) * shape[1] + (y - b.start[1])) * shape[2] - b.start[2];
        mask.fill(1, row + start[2], row + stop[2]);
      }
    }
    return false;
  });
  return mask;
}

/** Which voxels of a box lie in the ROI, for fingerprints: `all`, `none`, or boxes [z0, y0, x0, z1, y1, x1] (half-open, in order). */
export type RoiFingerprint = "all" | "none" | readonly (readonly number[])[];

/** Plain JSON that is equal whenever the ROI (a box, or blocks of one size) selects the same voxels of `b`, whatever it is elsewhere. */
export function roiFingerprint(roi: Roi, b: Box): RoiFingerprint {
  const pieces: number[][] = [];
  let voxels = 0;
  visitPieces(roi, b, (piece) => {
    pieces.push([...piece.start, ...piece.stop]);
    voxels += voxelsIn(piece);
    return false;
  });
  if (voxels === 0) return "none";
  return voxels === voxelsIn(b) ? "all" : pieces;
}
