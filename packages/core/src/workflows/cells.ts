/** Two label volumes compared cell by cell, with the ids as they are: what stitching has brought into a place counts there, too. */
import type { CallOptions } from "../call-options.ts";
import { type Contingency, ContingencyTable, type Labels, type Measures, measure } from "../evaluate/index.ts";
import { type Box, equalBoxes, intersect, map3, toXyz, type Vec3 } from "../geometry/box.ts";
import { openVolume, type VolumeStore } from "../store/index.ts";

export interface CellMeasures {
  /** x, y, z. */
  readonly box_xyz: readonly [readonly number[], readonly number[]];
  /** Bits; null where no voxel has a label in both. */
  readonly merge_vi: number | null;
  readonly split_vi: number | null;
}

/** False merges and splits in each cell of a grid from the segmentation's lower corner on; cells that the truth does not cover have none. */
export async function measureCells(
  truthSource: string,
  segmentationSource: string,
  size: Vec3,
  options: CallOptions = {},
): Promise<CellMeasures[]> {
  const [truth, segmentation] = [await openVolume(truthSource, options), await openVolume(segmentationSource, options)];
  const cells: CellMeasures[] = [];
  for (const box of cellsOf((await segmentation.info(options)).bounds, size)) {
    options.signal?.throwIfAborted();
    const right = await labelsOf(truth, box, options);
    const found = right === null ? null : measureLabels(right, (await labelsOf(segmentation, box, options))!);
    cells.push({
      box_xyz: [toXyz(box.start), toXyz(box.stop)],
      merge_vi: found?.merge_vi ?? null,
      split_vi: found?.split_vi ?? null,
    });
  }
  return cells;
}

/** The labels of a box; null where the volume does not cover all of it. */
export async function labelsOf(store: VolumeStore, box: Box, options: CallOptions): Promise<Labels | null> {
  const { bounds } = await store.info(options);
  if (!equalBoxes(intersect(bounds, box), box)) return null;
  return (await store.read(box, options)).data as Labels;
}

/** Measures of labels of the same voxels; null when no voxel has a label in both. */
export function measureLabels(truth: Labels, segmentation: Labels): Measures | null {
  const table = new ContingencyTable();
  table.addBlock(truth, segmentation);
  return measureTable(table.sorted());
}

export function measureTable(table: Contingency): Measures | null {
  const { truthIds, segmentIds, truth, segment } = table;
  return truth.some((t, i) => truthIds[t] !== 0n && segmentIds[segment[i]!] !== 0n) ? measure(table) : null;
}

export function* cellsOf({ start, stop }: Box, size: Vec3): Generator<Box> {
  for (let z = start[0]; z < stop[0]; z += size[0]) {
    for (let y = start[1]; y < stop[1]; y += size[1]) {
      for (let x = start[2]; x < stop[2]; x += size[2]) {
        const corner = [z, y, x] as const;
        yield { start: corner, stop: map3((axis) => Math.min(corner[axis] + size[axis], stop[axis])) };
      }
    }
  }
}
