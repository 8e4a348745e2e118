/** What npy and raw share: a store over one array in one file, plain (by position) or gzip'd (kept in memory). */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { type Box, boxOfShape, equalBoxes, map3, shapeOf, translate, type Vec3, volumeOf } from "../geometry/box.ts";
import { unlessAborted } from "../parallel.ts";
import { type Block, BYTES_PER_VOXEL, crop, type Dtype, type VoxelArray, voxelsOf } from "../volume/block.ts";
import { decodedFiles } from "./byte-cache.ts";
import { checkBlock, checkInside } from "./checks.ts";
import { fileIdentity } from "./files.ts";
import { type FlatLayout, readFlat, writeFlat } from "./flat-file.ts";
import { inflateFile } from "./gzip-file.ts";
import { type LocalName, queryVec3 } from "./source-name.ts";
import type { VolumeInfo, VolumeStore } from "./types.ts";

/** Query keys that tell where a volume lies that does not know it itself. */
export const PLACE_KEYS = ["offset", "voxel-size-nm"] as const;

export interface Place {
  readonly offset: Vec3;
  readonly voxelSizeNm: Vec3;
}

export function placeOf(name: LocalName): Place {
  return {
    offset: queryVec3(name, "offset", "offset") ?? [0, 0, 0],
    voxelSizeNm: queryVec3(name, "voxel-size-nm", "length") ?? [1, 1, 1],
  };
}

/** 32 and 64 bit integers are taken for labels, everything else for an image. */
export function kindOf(dtype: Dtype): "image" | "labels" {
  return dtype === "uint32" || dtype === "uint64" ? "labels" : "image";
}

export interface FlatVolume extends FlatLayout, Place {
  readonly gzip: boolean;
  /** The file's integers are signed: the same bytes as long as none is negative. */
  readonly signed: boolean;
  /** Only a volume that is not published yet. */
  readonly writable: boolean;
  /** Writes a gzip'd volume whole. */
  readonly writeWhole?: (block: Block, options: CallOptions) => Promise<void>;
  readonly details: VolumeInfo["details"];
}

export function flatStore(volume: FlatVolume): VolumeStore {
  const { source, dtype, shape, offset, voxelSizeNm, gzip, writable, details } = volume;
  const bounds = translate(boxOfShape(shape), offset);
  const local = (b: Box) =>
    translate(
      b,
      map3((a) => -offset[a]),
    );
  let inflated: Promise<VoxelArray> | null = null;

  async function whole(): Promise<VoxelArray> {
    const bytes = await inflateFile(source, volume.path, volume.dataOffset, volumeOf(shape) * BYTES_PER_VOXEL[dtype]);
    const data = voxelsOf(bytes, dtype);
    if (volume.signed) checkNotNegative(data, source);
    return data;
  }

  async function kept(): Promise<VoxelArray> {
    return await decodedFiles.get(await fileIdentity(source, volume.path), volumeOf(shape) * BYTES_PER_VOXEL[dtype], whole);
  }

  return {
    source,
    async info() {
      const writeGrid = writable && !gzip ? { origin: bounds.start, cell: [1, 1, 1] as Vec3 } : null;
      return { dtype, kind: kindOf(dtype), bounds, voxelSizeNm, writeGrid, details };
    },
    async read(b, options = {}) {
      checkInside(b, bounds, source);
      options.signal?.throwIfAborted();
      if (!gzip) {
        const block = await readFlat(volume, local(b), options);
        if (volume.signed) checkNotNegative(block.data, source);
        return block;
      }
      inflated ??= kept().catch((error) => {
        inflated = null;
        throw error;
      });
      return crop({ data: await unlessAborted(inflated, options), shape }, bounds, b);
    },
    async write(b, block, options = {}) {
      checkInside(b, bounds, source);
      checkBlock(block, b, dtype, source);
      options.signal?.throwIfAborted();
      if (!writable) throw readOnly(source);
      if (volume.writeWhole === undefined) return await writeFlat(volume, local(b), block, options);
      if (!equalBoxes(b, bounds)) {
        throw new AxonloomError(
          "E_OUT_OF_BOUNDS",
          `${source}: a gzip'd array is written whole: expected a block of shape [${shape}] (z, y, x), found [${shapeOf(b)}]; choose a plain .npy or precomputed`,
          { source, box: b, bounds },
        );
      }
      await volume.writeWhole(block, options);
      inflated = null;
    },
    identity: () => fileIdentity(source, volume.path),
  };
}

export function readOnly(source: string): AxonloomError {
  return new AxonloomError("E_SOURCE_UNSUPPORTED", `${source} is read only; write to precomputed:// or npy:// instead`, { source });
}

function checkNotNegative(data: VoxelArray, source: string): void {
  const negative =
    data instanceof BigUint64Array
      ? data.some((v) => v >> 63n !== 0n)
      : (data as Uint8Array).some((v) => v >= 2 ** (8 * data.BYTES_PER_ELEMENT - 1));
  if (!negative) return;
  throw new AxonloomError(
    "E_DTYPE",
    `${source}: expected labels >= 0, found a negative one; convert the array to an unsigned type`,
    { source },
  );
}
