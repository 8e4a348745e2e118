/**
 * The coarser levels of a volume, each of half the size of the one before: mode for labels (ties to the smallest), mean for images
 * (half up). One task makes one box of whole chunks of a coarser level, so that an engine can run the tasks of a level in any order
 * and at the same time; levels follow each other.
 *
 * Windows of 2 x 2 x 2 voxels are counted from the volume's first voxel and cut at its far edge:
 *
 *     fine voxels    | 0 1 | 2 3 | 4 |      5 voxels, whatever the offset
 *     coarse voxels  |  0  |  1  | 2 |      ceil(5 / 2), placed from floor(offset / 2) on
 *
 * With an odd offset a coarse level therefore lies up to one of its voxels too low, as in other tools for this format.
 */
import { downsampleMean, downsampleMode } from "@axonloom/kernels";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { AXES, type Box, box, intersect, map3, shapeOf, translate, type Vec3, volumeOf, voxelsIn } from "../geometry/box.ts";
import { openVolume, type VolumeInfo } from "../store/index.ts";
import { type Block, BYTES_PER_VOXEL, dtypeOf } from "../volume/block.ts";

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

/** The tasks of each level, finest first; empty for a volume without a pyramid. Writes need the levels in this order. */
export async function pyramidTasks(source: string, options: CallOptions = {}): Promise<readonly (readonly PyramidTask[])[]> {
  const { scales = [] } = await (await openVolume(source, options)).info(options);
  const levels: PyramidTask[][] = [];
  for (const [index, coarse] of scales.entries()) {
    if (index === 0) continue;
    const fine = scales[index - 1]!;
    const info = await (await openVolume(coarse, options)).info(options);
    levels.push(Array.from(taskBoxes(info), (b) => ({ fine, coarse, box: b })));
  }
  return levels;
}

/** Reads the fine voxels below the task's box, and writes the box. */
export async function fillPyramidCell(task: PyramidTask, options: CallOptions = {}): Promise<void> {
  const [fine, coarse] = await Promise.all([openVolume(task.fine, options), openVolume(task.coarse, options)]);
  const [from, to] = await Promise.all([fine.info(options), coarse.info(options)]);
  const local = translate(task.box, negated(to.bounds.start));
  const below = translate(
    box(
      map3((a) => local.start[a] * 2),
      map3((a) => local.stop[a] * 2),
    ),
    from.bounds.start,
  );
  const block = await fine.read(intersect(below, from.bounds), options);
  await coarse.write(task.box, halve(block, from.kind, fine.source), options);
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

function negated(v: Vec3): Vec3 {
  return map3((a) => -v[a]);
}

function halve({ data, shape }: Block, kind: VolumeInfo["kind"], source: string): Block {
  if (kind === "labels" && !(data instanceof Float32Array)) return downsampleMode(data, shape);
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

/** Boxes of whole chunks, as large as what is read for them may be. */
function* taskBoxes({ bounds, writeGrid, dtype }: VolumeInfo): Generator<Box> {
  const size = shapeOf(bounds);
  let cell = writeGrid?.cell ?? size;
  const larger = () => map3((a) => cell[a] * 2);
  while (AXES.some((a) => cell[a] < size[a]) && volumeOf(larger()) * 8 * BYTES_PER_VOXEL[dtype] <= FINE_BYTES) cell = larger();
  const { start, stop } = bounds;
  for (let z = start[0]; z < stop[0]; z += cell[0]) {
    for (let y = start[1]; y < stop[1]; y += cell[1]) {
      for (let x = start[2]; x < stop[2]; x += cell[2]) {
        yield intersect(box([z, y, x], [z + cell[0], y + cell[1], x + cell[2]]), bounds);
      }
    }
  }
}
