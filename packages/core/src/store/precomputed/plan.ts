/** From a wanted volume to the scales of its `info`. */
import { AxonloomError } from "../../errors.ts";
import { AXES, type Box, map3, shapeOf, toXyz, type Vec3 } from "../../geometry/box.ts";
import { checkOptionKeys } from "../options.ts";
import type { VolumeSpec } from "../types.ts";
import { DEFAULT_BLOCK, ENCODINGS, type Encoding, type PrecomputedInfo, type Scale } from "./info.ts";

const DEFAULT_CHUNK: Vec3 = [64, 64, 64];
const MOST_LEVELS = 8;

/** Checks the spec and its options `encoding`, `gzip`, `levels`; `E_SOURCE_UNSUPPORTED` for what cannot be written. */
export function planInfo(source: string, spec: VolumeSpec): PrecomputedInfo {
  checkOptionKeys(source, spec, ["encoding", "gzip", "levels"]);
  const { dtype, kind, bounds, voxelSizeNm, options = {} } = spec;
  const refuse = (why: string) => new AxonloomError("E_SOURCE_UNSUPPORTED", `${source}: ${why}`, { source });
  const compressible = dtype === "uint32" || dtype === "uint64";
  const encoding = options["encoding"] ?? (kind === "labels" && compressible ? "compressed_segmentation" : "raw");
  if (!(ENCODINGS as readonly unknown[]).includes(encoding))
    throw refuse(`the encoding "${encoding}" is unknown: expected ${ENCODINGS.join(" or ")}`);
  if (encoding === "compressed_segmentation" && !compressible)
    throw refuse(`compressed_segmentation holds uint32 or uint64, not ${dtype}; use raw`);
  const gzip = options["gzip"] ?? false;
  if (typeof gzip !== "boolean") throw refuse(`the option gzip is ${gzip}: expected true or false`);
  const chunk = spec.chunk ?? DEFAULT_CHUNK;
  if (!AXES.every((a) => Number.isSafeInteger(chunk[a]) && chunk[a] > 0))
    throw refuse(`the chunk size ${toXyz(chunk)} is not positive`);
  const levels = options["levels"] ?? defaultLevels(bounds, chunk);
  if (typeof levels !== "number" || !Number.isInteger(levels) || levels < 1 || levels > 32) {
    throw refuse(`the option levels is ${levels}: expected a number of pyramid levels, 1 (full resolution only) to 32`);
  }
  if (levels > 1 && (kind === "labels" ? dtype === "float32" : dtype === "uint64")) {
    throw refuse(`there is no pyramid for ${kind} of ${dtype}; use the option levels = 1`);
  }
  const scales: Scale[] = [];
  let scale = scaleOf(bounds, voxelSizeNm, chunk, encoding as Encoding);
  while (scales.length < levels) {
    scales.push(scale);
    const size = map3((a) => scale.voxelSizeNm[a] * 2);
    scale = scaleOf(halved(scale.bounds), size, chunk, encoding as Encoding);
  }
  return { kind, dtype, gzip, scales };
}

function scaleOf(bounds: Box, voxelSizeNm: Vec3, chunk: Vec3, encoding: Encoding): Scale {
  return { key: toXyz(voxelSizeNm).join("_"), bounds, voxelSizeNm, chunk, encoding, block: DEFAULT_BLOCK };
}

/**
 * Bounds of the next coarser scale: start floor(start / 2), size ceil(size / 2). Windows are counted from the volume's first
 * voxel, so voxel i of the coarse scale covers the voxels 2i and 2i + 1 of the fine one, counted from there.
 */
export function halved({ start, stop }: Box): Box {
  const first = map3((a) => Math.floor(start[a] / 2));
  return { start: first, stop: map3((a) => first[a] + Math.ceil((stop[a] - start[a]) / 2)) };
}

/** Until the volume fits one chunk. */
function defaultLevels(bounds: Box, chunk: Vec3): number {
  let levels = 1;
  for (let b = bounds; levels < MOST_LEVELS && AXES.some((a) => shapeOf(b)[a] > chunk[a]); b = halved(b)) levels += 1;
  return levels;
}
