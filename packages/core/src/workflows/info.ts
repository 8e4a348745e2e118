/** What a volume is, for people and programs. */
import { shapeOf, toXyz, voxelsIn } from "../geometry/box.ts";
import { openVolume, type SourceOptions } from "../store/index.ts";
import { BYTES_PER_VOXEL, type Dtype } from "../volume/block.ts";

/** All triples are x, y, z. */
export interface VolumeDescription {
  readonly source: string;
  readonly kind: "image" | "labels";
  readonly dtype: Dtype;
  readonly "size-xyz": readonly [number, number, number];
  readonly "offset-xyz": readonly [number, number, number];
  readonly "voxel-size-nm-xyz": readonly [number, number, number];
  readonly voxels: number;
  /** Uncompressed. */
  readonly bytes: number;
  /** null when the volume cannot be written in parts. */
  readonly "write-grid-xyz": readonly [number, number, number] | null;
  /** Format, encoding, compression and the like. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** What `axonloom info` prints. Reads metadata only; throws as `openVolume`. */
export async function describeVolume(source: string, options: SourceOptions = {}): Promise<VolumeDescription> {
  const store = await openVolume(source, options);
  const { kind, dtype, bounds, voxelSizeNm, writeGrid, details } = await store.info(options);
  const voxels = voxelsIn(bounds);
  return {
    source: store.source,
    kind,
    dtype,
    "size-xyz": toXyz(shapeOf(bounds)),
    "offset-xyz": toXyz(bounds.start),
    "voxel-size-nm-xyz": toXyz(voxelSizeNm),
    voxels,
    bytes: voxels * BYTES_PER_VOXEL[dtype],
    "write-grid-xyz": writeGrid === null ? null : toXyz(writeGrid.cell),
    details,
  };
}
