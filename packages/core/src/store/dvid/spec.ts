/** What kind of instance a volume becomes: labels a `labelmap`, grey values a `uint8blk`, both in blocks of 64 voxels. */
import { AxonloomError } from "../../errors.ts";
import { AXES, type Box, box, formatBox, map3, shapeOf, toXyz, type Vec3 } from "../../geometry/box.ts";
import { checkOptionKeys } from "../options.ts";
import type { VolumeSpec, WriteGrid } from "../types.ts";

export const BLOCK: Vec3 = [64, 64, 64];
/** Blocks are counted from the server's origin, at every scale. */
export const ORIGIN: Vec3 = [0, 0, 0];
/** A request asks for at most these voxels (a label's answer is far smaller than its voxels), or brings them. */
export const PIECE: Vec3 = [256, 256, 256];
export const WRITE_GRID: WriteGrid = { origin: ORIGIN, cell: BLOCK, request: PIECE };
/** Ids from 2^48 on spoil the server's own counting of ids, for every version. */
export const HIGHEST_LABEL = 2n ** 48n - 1n;
const MOST_SCALES = 20;

export type InstanceType = "labelmap" | "uint8blk";

/** The type of instance for a volume. `E_SOURCE_UNSUPPORTED`, `E_DVID_LABELS` (coordinates below 0). */
export function instanceTypeFor(source: string, spec: VolumeSpec): InstanceType {
  const { dtype, kind, bounds } = spec;
  const type = kind === "labels" && dtype === "uint64" ? "labelmap" : kind === "image" && dtype === "uint8" ? "uint8blk" : null;
  if (type === null) {
    const message = `${source}: expected labels of uint64 or an image of uint8, found ${kind} of ${dtype}; DVID keeps nothing else`;
    throw new AxonloomError("E_SOURCE_UNSUPPORTED", message, { source, dtype, kind });
  }
  checkOptionKeys(source, spec, type === "labelmap" ? ["levels"] : []);
  checkCoordinates(source, bounds);
  return type;
}

/** `E_DVID_LABELS` where a box begins before 0: the server spoils its lower scales there. */
export function checkCoordinates(source: string, bounds: Box): void {
  if (AXES.every((a) => bounds.start[a] >= 0)) return;
  const message = `${source}: expected coordinates from 0 on, found ${formatBox(bounds)}; DVID cannot keep scales of volumes that begin below 0: move the volume`;
  throw new AxonloomError("E_DVID_LABELS", message, { source, bounds });
}

/** Settings of a new instance; the server wants texts. */
export function instanceSettings(source: string, name: string, type: InstanceType, spec: VolumeSpec) {
  const common = {
    typename: type,
    dataname: name,
    BlockSize: BLOCK.join(","),
    VoxelSize: toXyz(spec.voxelSizeNm).join(","),
    VoxelUnits: "nanometers,nanometers,nanometers",
  };
  if (type === "uint8blk") return common;
  // no Compression: the server's own, gzip, is the only one with which blocks can be sent
  return { ...common, MaxDownresLevel: String(coarserScales(source, spec)) };
}

/** Scales beyond the finest: the option `levels` less one; by default until the volume fits one block, at least one. */
export function coarserScales(source: string, { bounds, options }: VolumeSpec): number {
  const wanted = options?.levels;
  if (wanted !== undefined) {
    if (typeof wanted === "number" && Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_SCALES) return wanted - 1;
    const message = `${source}: levels: expected an integer from 1 to ${MOST_SCALES}, found ${JSON.stringify(wanted)}`;
    throw new AxonloomError("E_SOURCE_UNSUPPORTED", message, { source, levels: wanted });
  }
  let scale = 1; // viewers refuse an instance without
  while (scale < MOST_SCALES - 1 && AXES.some((a) => shapeOf(scaled(bounds, scale))[a] > BLOCK[a])) scale++;
  return scale;
}

/** The voxels of a coarser scale that cover a box of the finest. */
export function scaled({ start, stop }: Box, scale: number): Box {
  const factor = 2 ** scale;
  return box(
    map3((a) => Math.floor(start[a] / factor)),
    map3((a) => Math.ceil(stop[a] / factor)),
  );
}
