/** Two label volumes compared cell by cell, with the ids as they are: what stitching has brought into a place counts there, too. */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { type Contingency, ContingencyTable, type Labels, type Measures, measure } from "../evaluate/index.ts";
import { type Box, intersect, isEmpty, map3, toXyz, type Vec3 } from "../geometry/box.ts";
import { openVolume, type VolumeStore } from "../store/index.ts";

export interface CellMeasures {
  /** x, y, z. */
  readonly box_xyz: readonly [readonly number[], readonly number[]];
  /** Bits; null where no voxel has a label in both. */
  readonly merge_vi: number | null;
  readonly split_vi: number | null;
}

/**
 * False merges and splits in each cell of a grid from the segmentation's lower corner on, by the voxels that the truth covers. `E_DTYPE` for
 * volumes that are no labels.
 */
export async function measureCells(
  truthSource: string,
  segmentationSource: string,
  size: Vec3,
  options: CallOptions = {},
): Promise<CellMeasures[]> {
  const [truth, segmentation] = [await openVolume(truthSource, options), await openVolume(segmentationSource, options)];
  const [covered, bounds] = [await boundsOfLabels(truth, options), await boundsOfLabels(segmentation, options)];
  const cells: CellMeasures[] = [];
  for (const box of cellsOf(bounds, size)) {
    const found = measureTable((await tableOf(truth, segmentation, intersect(box, covered), options)).sorted());
    cells.push({
      box_xyz: [toXyz(box.start), toXyz(box.stop)],
      merge_vi: found?.merge_vi ?? null,
      split_vi: found?.split_vi ?? null,
    });
  }
  return cells;
}

/** Labels are read in boxes of so many voxels: 16 MB of 64-bit ids. */
const PIECE: Vec3 = [128, 128, 128];

/** Counts the labels of a box, which may be empty. `each` sees the labels of the pieces. */
export async function tableOf(
  first: VolumeStore,
  second: VolumeStore,
  box: Box,
  options: CallOptions,
  each: (first: Labels, second: Labels) => void = () => {},
): Promise<ContingencyTable> {
  const table = new ContingencyTable();
  if (isEmpty(box)) return table;
  for (const piece of cellsOf(box, PIECE)) {
    options.signal?.throwIfAborted();
    const [a, b] = await Promise.all([first.read(piece, options), second.read(piece, options)]);
    table.addBlock(a.data as Labels, b.data as Labels);
    each(a.data as Labels, b.data as Labels);
  }
  return table;
}

/** null when no voxel has a label in both. */
export function measureTable(table: Contingency): Measures | null {
  const { truthIds, segmentIds, truth, segment } = table;
  return truth.some((t, i) => truthIds[t] !== 0n && segmentIds[segment[i]!] !== 0n) ? measure(table) : null;
}

/** Boxes of a grid from the lower corner on, cut at the box. */
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

/** Where a label volume lies. `E_DTYPE` for float32. */
export async function boundsOfLabels(store: VolumeStore, options: CallOptions): Promise<Box> {
  const { bounds, dtype } = await store.info(options);
  if (dtype !== "float32") return bounds;
  throw new AxonloomError(
    "E_DTYPE",
    `${store.source}: expected labels (unsigned integers), found float32; name a volume of labels`,
    {
      source: store.source,
    },
  );
}
