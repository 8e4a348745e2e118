/**
 * The coarser levels of a volume, each of half the size of the one before: mode for labels (as the store wants it), mean for images
 * (half up). One task makes one box of whole chunks of a coarser level, so that an engine can run the tasks of a level in any order
 * and at the same time; levels follow each other.
 *
 * Windows of 2 x 2 x 2 voxels are counted from where the write grid begins, and cut at the volume's edges. Where that is the volume's
 * first voxel (precomputed):
 *
 *     fine voxels    | 0 1 | 2 3 | 4 |      5 voxels, whatever the offset
 *     coarse voxels  |  0  |  1  | 2 |      ceil(5 / 2), placed from floor(offset / 2) on
 *
 * With an odd offset a coarse level therefore lies up to one of its voxels too low, as in other tools for this format. A store whose grid
 * begins at 0 has every coarse voxel in its true place.
 */
import { downsampleMean, downsampleMode } from "@axonloom/kernels";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import {
  AXES,
  alignOut,
  type Box,
  box,
  cellsIn,
  equalBoxes,
  intersect,
  isEmpty,
  map3,
  shapeOf,
  type Vec3,
  volumeOf,
  voxelsIn,
} from "../geometry/box.ts";
import { openVolume, type VolumeInfo } from "../store/index.ts";
import { allocate, type Block, BYTES_PER_VOXEL, copyIntersection, dtypeOf } from "../volume/block.ts";

/** Plain data: what one task reads and writes. */
export interface PyramidTask {
  /** Sources of the two levels. */
  readonly fine: string;
  readonly coarse: string;
  /** Whole chunks of the coarse level, in its own coordinates. */
  readonly box: Box;
}

/** What a task reads at most, unless a single chunk needs more. */
const FINE_BYTES = 1 << 26;

/**
 * The tasks of each level, finest first; empty for a volume without a pyramid. Writes need the levels in this order. `within`: boxes of the
 * finest level; only what lies above them.
 */
export async function pyramidTasks(
  source: string,
  options: CallOptions & { readonly within?: readonly Box[] } = {},
): Promise<readonly (readonly PyramidTask[])[]> {
  const finest = await (await openVolume(source, options)).info(options);
  const { scales = [] } = finest;
  const { within } = options;
  const levels: PyramidTask[][] = [];
  for (const [index, coarse] of scales.entries()) {
    if (index === 0) continue;
    const fine = scales[index - 1]!;
    const info = await (await openVolume(coarse, options)).info(options);
    const boxes = within === undefined ? taskBoxes(info, info.bounds) : boxesAbove(within, info, originOf(finest), 2 ** index);
    levels.push(Array.from(boxes, (b) => ({ fine, coarse, box: b })));
  }
  return levels;
}

/** Reads the fine voxels below the task's box, and writes the box. */
export async function fillPyramidCell(task: PyramidTask, options: CallOptions = {}): Promise<void> {
  const [fine, coarse] = await Promise.all([openVolume(task.fine, options), openVolume(task.coarse, options)]);
  const [from, to] = await Promise.all([fine.info(options), coarse.info(options)]);
  const [fineOrigin, coarseOrigin] = [originOf(from), originOf(to)];
  const below = box(
    map3((a) => fineOrigin[a] + (task.box.start[a] - coarseOrigin[a]) * 2),
    map3((a) => fineOrigin[a] + (task.box.stop[a] - coarseOrigin[a]) * 2),
  );
  const inside = intersect(below, from.bounds);
  const block = await fine.read(inside, options);
  const windows = box(alignOut(inside, [2, 2, 2], fineOrigin).start, inside.stop);
  await coarse.write(task.box, halve(padded(block, inside, windows), from, fine.source), options);
}

function originOf({ writeGrid, bounds }: VolumeInfo): Vec3 {
  return writeGrid?.origin ?? bounds.start;
}

/** The block with zeros in front, so that its first window is a whole one: zeros do not count where the grid may begin before the volume. */
function padded(block: Block, inside: Box, windows: Box): Block {
  if (equalBoxes(inside, windows)) return block;
  const target = { data: allocate(dtypeOf(block.data), voxelsIn(windows)), shape: shapeOf(windows) };
  copyIntersection(block, inside, target, windows);
  return target;
}

/** Fills all levels, one task after the other. `onProgress` gets the fraction of voxels that is done. */
export async function buildPyramid(
  source: string,
  options: CallOptions & { readonly onProgress?: (done: number) => void } = {},
): Promise<void> {
  const tasks = (await pyramidTasks(source, options)).flat();
  const total = tasks.reduce((sum, task) => sum + voxelsIn(task.box), 0);
  let done = 0;
  for (const task of tasks) {
    options.signal?.throwIfAborted();
    await fillPyramidCell(task, options);
    done += voxelsIn(task.box);
    options.onProgress?.(done / total);
  }
}

function halve({ data, shape }: Block, { kind, labelPyramid }: VolumeInfo, source: string): Block {
  const ignoreZero = labelPyramid === "nonzero-mode";
  if (kind === "labels" && !(data instanceof Float32Array)) return downsampleMode(data, shape, [2, 2, 2], { ignoreZero });
  if (kind === "image" && !(data instanceof BigUint64Array)) return downsampleMean(data, shape);
  throw new AxonloomError(
    "E_DTYPE",
    `${source}: a pyramid of ${kind} cannot be made of ${dtypeOf(data)}; make the volume with one level`,
    {
      source,
      kind,
    },
  );
}

/** The task boxes of a level above boxes of the finest one, in order, each once. */
function boxesAbove(within: readonly Box[], info: VolumeInfo, finestOrigin: Vec3, scale: number): Box[] {
  const origin = originOf(info);
  const above = new Map<string, Box>();
  for (const fine of within) {
    const at = (v: Vec3, round: (n: number) => number) => map3((a) => origin[a] + round((v[a] - finestOrigin[a]) / scale));
    const coarse = intersect(box(at(fine.start, Math.floor), at(fine.stop, Math.ceil)), info.bounds);
    if (isEmpty(coarse)) continue;
    for (const task of taskBoxes(info, coarse)) above.set(task.start.join(), task);
  }
  return [...above.values()].sort((p, q) => p.start[0] - q.start[0] || p.start[1] - q.start[1] || p.start[2] - q.start[2]);
}

/** Boxes of whole chunks, as large as what is read for them may be, that touch `part` of the bounds. */
function* taskBoxes(info: VolumeInfo, part: Box): Generator<Box> {
  const { bounds, writeGrid, dtype } = info;
  const size = shapeOf(bounds);
  let cell = writeGrid?.cell ?? size;
  const larger = () => map3((a) => cell[a] * 2);
  while (AXES.some((a) => cell[a] < size[a]) && volumeOf(larger()) * 8 * BYTES_PER_VOXEL[dtype] <= FINE_BYTES) cell = larger();
  const origin = originOf(info);
  for (const whole of cellsIn(alignOut(part, cell, origin), cell, origin)) yield intersect(whole, bounds);
}
