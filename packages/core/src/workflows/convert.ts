/** Copies a volume into another store. */
import { AXES, alignOut, type Box, cellsIn, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import {
  createVolume,
  discardUnpublished,
  openVolume,
  planWriteGrid,
  publishVolume,
  type SourceOptions,
  type VolumeInfo,
  type VolumeSpec,
  type VolumeStore,
  type WriteGrid,
} from "../store/index.ts";
import { BYTES_PER_VOXEL } from "../volume/block.ts";
import { buildPyramid } from "./pyramid.ts";

export interface ConvertOptions extends SourceOptions {
  /** Wanted chunk of the destination, z, y, x. */
  readonly chunk?: Vec3;
  /** Options of the destination's driver, e.g. `encoding`, `gzip`, `levels`. */
  readonly options?: VolumeSpec["options"];
  /** Fraction that is written, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

const BLOCK_BYTES = 1 << 26;
/** Ids come from the source: what they mean in the destination is its own to say. */
const NO_IDS = { above: 0n, upTo: 0n };

/**
 * Copies block by block, at most 64 MB each (a destination that is written whole takes one block), makes the pyramid and the index
 * of bodies if the destination has them, and publishes at the end. `E_DESTINATION_EXISTS` when there is something already; nothing stays after an
 * error.
 */
export async function convertVolume(source: string, destination: string, options: ConvertOptions = {}): Promise<VolumeStore> {
  const from = await openVolume(source, options);
  const info = await from.info(options);
  const { dtype, kind, bounds, voxelSizeNm } = info;
  const spec: VolumeSpec = {
    dtype,
    kind,
    bounds,
    voxelSizeNm,
    ...(options.chunk === undefined ? {} : { chunk: options.chunk }),
    ...(options.options === undefined ? {} : { options: options.options }),
  };
  const grid = await planWriteGrid(destination, spec, options);
  const to = await createVolume(destination, spec, options);
  try {
    let voxels = 0;
    const written: { readonly box: Box; readonly former: BigUint64Array }[] = [];
    for (const b of blocksOf(info, grid)) {
      options.signal?.throwIfAborted();
      if (to.bodies !== undefined) written.push({ box: b, former: await to.bodies.supervoxelsIn(b, options) });
      const block = await from.read(b, options);
      await to.write(b, block, options);
      voxels += block.data.length;
      options.onProgress?.(voxels / volumeOf(shapeOf(bounds)));
    }
    await buildPyramid(to.source, options);
    for (const { box, former } of written) {
      const share = await to.bodies!.count(box, former, NO_IDS, options);
      await to.bodies!.update([share], NO_IDS, options);
    }
    return await publishVolume(destination, options);
  } catch (error) {
    await discardUnpublished(destination, options);
    throw error;
  }
}

/** Boxes of whole cells of the destination's grid, grown along x, then y, then z. */
function blocksOf({ bounds, dtype, writeGrid: ownGrid }: VolumeInfo, grid: WriteGrid | null): Iterable<Box> {
  if (grid === null) return [bounds];
  // A grid of single voxels leaves the choice to the source.
  const cell = AXES.some((a) => grid.cell[a] > 1) ? grid.cell : (ownGrid?.cell ?? [1, 1, 1]);
  const size = shapeOf(alignOut(bounds, cell, grid.origin));
  const shape: [number, number, number] = [...cell];
  for (const a of [2, 1, 0] as const) {
    const fitting = Math.floor(BLOCK_BYTES / (volumeOf(shape) * BYTES_PER_VOXEL[dtype]));
    shape[a] = cell[a] * Math.max(1, Math.min(size[a] / cell[a], fitting));
  }
  return cellsIn(bounds, shape, grid.origin);
}
