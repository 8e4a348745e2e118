/**
 * The `info` file of a precomputed volume, read with checks and written.
 * Reference: https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/volume.md
 */
import { AxonloomError } from "../../errors.ts";
import { type Box, box, fromXyz, map3, shapeOf, toXyz, type Vec3 } from "../../geometry/box.ts";
import { BYTES_PER_VOXEL, type Dtype } from "../../volume/block.ts";

export const ENCODINGS = ["raw", "compressed_segmentation"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface Scale {
  /** Folder of the chunks, relative to the volume's. */
  readonly key: string;
  readonly bounds: Box;
  readonly voxelSizeNm: Vec3;
  readonly chunk: Vec3;
  readonly encoding: Encoding;
  /** Block of compressed_segmentation. */
  readonly block: Vec3;
}

export interface PrecomputedInfo {
  readonly kind: "image" | "labels";
  readonly dtype: Dtype;
  readonly scales: readonly Scale[];
  /** Chunk files are written gzip'd, as `<name>.gz`. */
  readonly gzip: boolean;
}

type Json = Readonly<Record<string, unknown>>;

export interface OpenedScale extends Omit<PrecomputedInfo, "scales"> {
  readonly scale: Scale;
  readonly scaleCount: number;
}

/** Reads one scale; the others are only counted, so that an unsupported scale does not hide the rest. */
export function parseInfo(text: string, scale: number, source: string): OpenedScale {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw damaged(source, `it is no JSON (${(error as Error).message})`);
  }
  if (!isObject(root)) throw damaged(source, "expected a JSON object");
  const type = root["@type"];
  if (type !== undefined && type !== "neuroglancer_multiscale_volume") {
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${source}: expected a volume ("@type": "neuroglancer_multiscale_volume"), found ${show(type)}; name the volume's folder`,
      { source },
    );
  }
  if (root["type"] !== "image" && root["type"] !== "segmentation") {
    throw damaged(source, `expected "type" to be "image" or "segmentation", found ${show(root["type"])}`);
  }
  const kind = root["type"] === "image" ? "image" : "labels";
  const dtype = root["data_type"];
  if (typeof dtype !== "string") throw damaged(source, `expected "data_type", found ${show(dtype)}`);
  if (!Object.hasOwn(BYTES_PER_VOXEL, dtype)) {
    throw new AxonloomError(
      "E_DTYPE",
      `${source}: expected data_type ${Object.keys(BYTES_PER_VOXEL).join(", ")}, found "${dtype}"`,
      { source, dtype },
    );
  }
  const channels = root["num_channels"];
  if (channels !== 1) {
    if (!Number.isInteger(channels)) throw damaged(source, `expected "num_channels", found ${show(channels)}`);
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${source}: expected one channel, found ${channels}; extract one into a volume of its own`,
      {
        source,
        channels,
      },
    );
  }
  const list = root["scales"];
  if (!Array.isArray(list) || list.length === 0) throw damaged(source, `expected "scales" to be a list, found ${show(list)}`);
  if (scale >= list.length) {
    throw new AxonloomError("E_SOURCE_NOT_FOUND", `${source}: there is no scale ${scale}: expected 0..${list.length - 1}`, {
      source,
      scale,
      scales: list.length,
    });
  }
  const own = root["axonloom"];
  const gzip = isObject(own) && own["gzip"] === true;
  const chosen = parseScale(list[scale], scale, dtype as Dtype, source);
  return { kind, dtype: dtype as Dtype, gzip, scale: chosen, scaleCount: list.length };
}

function parseScale(value: unknown, index: number, dtype: Dtype, source: string): Scale {
  const at = `scales[${index}]`;
  if (!isObject(value)) throw damaged(source, `expected ${at} to be an object, found ${show(value)}`);
  const { key, encoding } = value;
  if (typeof key !== "string" || key === "" || key.includes("\0"))
    throw damaged(source, `expected ${at}.key to be a name, found ${show(key)}`);
  const unsupported = (what: string) =>
    new AxonloomError("E_SOURCE_UNSUPPORTED", `${source}: ${at} ${what}`, { source, scale: index });
  if (value["sharding"] !== undefined && value["sharding"] !== null) {
    throw unsupported("is sharded, which is not read; expected one file a chunk: copy it unsharded (CloudVolume or Igneous do)");
  }
  if (typeof encoding !== "string") throw damaged(source, `expected ${at}.encoding, found ${show(encoding)}`);
  if (!(ENCODINGS as readonly string[]).includes(encoding)) {
    throw unsupported(`has the encoding "${encoding}"; expected ${ENCODINGS.join(" or ")}: copy it with one of them`);
  }
  if (encoding === "compressed_segmentation" && dtype !== "uint32" && dtype !== "uint64") {
    throw damaged(source, `${at}: compressed_segmentation holds uint32 or uint64, not ${dtype}`);
  }
  const vec = (name: string, found: unknown, good: (n: number) => boolean, wanted: string): Vec3 => {
    if (!Array.isArray(found) || found.length !== 3 || !found.every((n) => typeof n === "number" && good(n))) {
      throw damaged(source, `expected ${at}.${name} to be [x, y, z] of ${wanted}, found ${show(found)}`);
    }
    return fromXyz(found as [number, number, number]);
  };
  const count = (n: number) => Number.isSafeInteger(n) && n > 0 && n < MAX_COORDINATE;
  const size = vec("size", value["size"], count, "positive integers");
  const voxelSizeNm = vec("resolution", value["resolution"], (n) => Number.isFinite(n) && n > 0, "positive numbers");
  const inRange = (n: number) => Number.isSafeInteger(n) && Math.abs(n) < MAX_COORDINATE;
  const start = vec("voxel_offset", value["voxel_offset"] ?? [0, 0, 0], inRange, "integers");
  const chunks = value["chunk_sizes"];
  if (!Array.isArray(chunks) || chunks.length === 0)
    throw damaged(source, `expected ${at}.chunk_sizes to be a list, found ${show(chunks)}`);
  const chunk = vec("chunk_sizes[0]", chunks[0], count, "positive integers");
  const blockName = "compressed_segmentation_block_size";
  const labels = encoding === "compressed_segmentation";
  const block = labels ? vec(blockName, value[blockName], count, "positive integers") : DEFAULT_BLOCK;
  const bounds = box(
    start,
    map3((a) => start[a] + size[a]),
  );
  return { key, bounds, voxelSizeNm, chunk, encoding: encoding as Encoding, block };
}

/** Keeps every product of coordinates that chunk arithmetic needs exact. */
const MAX_COORDINATE = 2 ** 40;
export const DEFAULT_BLOCK: Vec3 = [8, 8, 8];

/** The text of an `info` file that Neuroglancer, CloudVolume and TensorStore accept. */
export function formatInfo({ kind, dtype, scales, gzip }: PrecomputedInfo): string {
  const root = {
    "@type": "neuroglancer_multiscale_volume",
    type: kind === "image" ? "image" : "segmentation",
    data_type: dtype,
    num_channels: 1,
    scales: scales.map(({ key, bounds, voxelSizeNm, chunk, encoding, block }) => ({
      key,
      size: toXyz(shapeOf(bounds)),
      resolution: toXyz(voxelSizeNm),
      voxel_offset: toXyz(bounds.start),
      chunk_sizes: [toXyz(chunk)],
      encoding,
      ...(encoding === "compressed_segmentation" ? { compressed_segmentation_block_size: toXyz(block) } : {}),
    })),
    ...(gzip ? { axonloom: { gzip: true } } : {}),
  };
  return `${JSON.stringify(root, null, 2)}\n`;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100);
}

function damaged(source: string, why: string): AxonloomError {
  return new AxonloomError("E_SOURCE_DAMAGED", `${source}: the info file is damaged: ${why}`, { source });
}
