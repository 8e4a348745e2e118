/**
 * Neuroglancer precomputed volumes, one file a chunk: `precomputed:///data/segmentation`, `…?scale=2` for a coarser level of the
 * pyramid. Read and written.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { isMissing } from "../../fs-errors.ts";
import { alignOut, type Box, cellsIn, equalBoxes, intersect, shapeOf, type Vec3, volumeOf } from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { allocate, type Block, copyIntersection, crop } from "../../volume/block.ts";
import { checkBlock, checkInside, checkOnGrid } from "../checks.ts";
import {
  checkDestination,
  folderIdentity,
  partialPath,
  publishPath,
  readFailure,
  removeQuietly,
  replaceFile,
  statOrNull,
  writeFailure,
} from "../files.ts";
import { localLifecycle, normaliseLocal } from "../local-lifecycle.ts";
import { checkQueryKeys, formatLocalName, type LocalName, malformed, parseLocalName } from "../source-name.ts";
import type { StoreDriver, VolumeInfo, VolumeStore } from "../types.ts";
import { decodeChunk, encodeChunk } from "./chunk-codec.ts";
import { formatInfo, type OpenedScale, parseInfo } from "./info.ts";
import { planInfo } from "./plan.ts";

/** Chunk files that one call reads or writes at the same time. */
const FILES_AT_ONCE = 8;
/** Folder for files until they are renamed. */
const TEMPORARY = ".tmp";

export const precomputedDriver: StoreDriver = {
  scheme: "precomputed",
  summary: "a folder in Neuroglancer's precomputed form, unsharded (read and write)",

  matches: isVolume,
  normalise: normaliseLocal,
  open,

  writer: {
    ...localLifecycle({ scheme: "precomputed", open, isVolume }),

    planWriteGrid(rest, spec) {
      const [finest] = planInfo(nameOf(parse(rest, [])), spec).scales;
      return { origin: finest!.bounds.start, cell: finest!.chunk };
    },

    async create(rest, spec, options = {}) {
      const name = parse(rest, []);
      const source = nameOf(name);
      const info = planInfo(source, spec);
      await checkDestination(source, name.path, { replace: options.replace ?? false, owner: options.owner, isVolume });
      const path = partialPath(name.path, options.owner);
      try {
        for (const { key } of info.scales) await mkdir(join(path, key), { recursive: true });
        await replaceFile(join(path, "info"), formatInfo(info), join(path, TEMPORARY), withSignal(options));
      } catch (error) {
        await removeQuietly(path);
        throw writeFailure(source, path, error, options);
      }
      return await openPrecomputed({ path, query: new Map() }, options);
    },

    async publish(rest, options = {}) {
      const name = parse(rest, []);
      await rm(join(partialPath(name.path, options.owner), TEMPORARY), { recursive: true, force: true });
      await publishPath(nameOf(name), name.path, { replace: options.replace ?? false, owner: options.owner, isVolume });
      return await openPrecomputed(name, options);
    },
  },
};

async function open(rest: string, options: CallOptions = {}): Promise<VolumeStore> {
  return await openPrecomputed(parse(rest, ["scale"]), options);
}

async function isVolume(path: string): Promise<boolean> {
  return (await statOrNull(join(path, "info"))) !== null;
}

function withSignal({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}

function parse(rest: string, keys: readonly string[]): LocalName {
  const name = parseLocalName(rest);
  checkQueryKeys(name, keys);
  return name;
}

function nameOf(name: LocalName): string {
  return `precomputed://${formatLocalName(name)}`;
}

function scaleIndex(name: LocalName): number {
  const text = name.query.get("scale") ?? "0";
  if (!/^\d{1,4}$/.test(text)) throw malformed(nameOf(name), `"scale=${text}" is no number of a scale: expected 0, 1, 2, …`);
  return Number(text);
}

async function openPrecomputed(name: LocalName, options: CallOptions = {}): Promise<VolumeStore> {
  const source = nameOf(name);
  const infoPath = join(name.path, "info");
  let text: string;
  try {
    text = await readFile(infoPath, { encoding: "utf8", ...withSignal(options) });
  } catch (error) {
    throw readFailure(source, infoPath, error, options);
  }
  return precomputedStore(name, text, parseInfo(text, scaleIndex(name), source));
}

function precomputedStore(name: LocalName, infoText: string, opened: OpenedScale): VolumeStore {
  const { scale, dtype, kind, gzip, scaleCount } = opened;
  const { bounds, chunk } = scale;
  const source = nameOf(name);
  const folder = join(name.path, scale.key);
  const writeGrid = { origin: bounds.start, cell: chunk };
  const volumeInfo: VolumeInfo = {
    dtype,
    kind,
    bounds,
    voxelSizeNm: scale.voxelSizeNm,
    writeGrid,
    details: { format: "precomputed", encoding: scale.encoding, gzip, scales: scaleCount },
    ...(name.query.has("scale") ? {} : { scales: scaleSources(name, scaleCount) }),
  };

  async function readChunk(cell: Box, options: CallOptions): Promise<Block | null> {
    const path = join(folder, chunkName(cell));
    try {
      const bytes = (await readIfThere(path, options)) ?? (await readIfThere(`${path}.gz`, options));
      return bytes === null ? null : await decodeChunk(bytes, shapeOf(cell), dtype, scale, path);
    } catch (error) {
      throw readFailure(source, path, error, options);
    }
  }

  return {
    source,
    async info() {
      return volumeInfo;
    },
    async read(b, options = {}) {
      checkInside(b, bounds, source);
      options.signal?.throwIfAborted();
      let target: Block | null = null;
      const whole = () => ({ data: allocate(dtype, volumeOf(shapeOf(b))), shape: shapeOf(b) });
      const readInto = async (cell: Box) => {
        const found = await readChunk(cell, options);
        if (found === null) return;
        if (equalBoxes(cell, b)) {
          target = found;
        } else {
          target ??= whole();
          copyIntersection(found, cell, target, b);
        }
      };
      await forEachParallel(cellsOf(b, bounds, chunk), FILES_AT_ONCE, readInto, options);
      return target ?? whole();
    },
    async write(b, block, options = {}) {
      checkInside(b, bounds, source);
      checkBlock(block, b, dtype, source);
      checkOnGrid(b, writeGrid, bounds, source);
      const writeCell = async (cell: Box) => {
        const path = join(folder, chunkName(cell)) + (gzip ? ".gz" : "");
        try {
          const bytes = await encodeChunk(equalBoxes(cell, b) ? block : crop(block, b, cell), scale, gzip, path);
          await replaceFile(path, bytes, join(name.path, TEMPORARY), withSignal(options));
        } catch (error) {
          throw writeFailure(source, path, error, options);
        }
      };
      await forEachParallel(cellsOf(b, bounds, chunk), FILES_AT_ONCE, writeCell, options);
    },
    async identity(options = {}) {
      const files = await folderIdentity(folder, options);
      return createHash("sha256").update(`${source}\n${infoText}\n${files}`).digest("hex");
    },
  };
}

function scaleSources(name: LocalName, count: number): string[] {
  return Array.from({ length: count }, (_, index) => nameOf({ path: name.path, query: new Map([["scale", String(index)]]) }));
}

/** `x0-x1_y0-y1_z0-z1`, upper bounds exclusive. */
function chunkName({ start, stop }: Box): string {
  return `${start[2]}-${stop[2]}_${start[1]}-${stop[1]}_${start[0]}-${stop[0]}`;
}

/** Chunks, cut at the bounds, that share voxels with `b`. The grid starts at the bounds' first voxel. */
function* cellsOf(b: Box, bounds: Box, chunk: Vec3): Generator<Box> {
  for (const cell of cellsIn(alignOut(b, chunk, bounds.start), chunk, bounds.start)) yield intersect(cell, bounds);
}

async function readIfThere(path: string, { signal }: CallOptions): Promise<Uint8Array | null> {
  try {
    return await readFile(path, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
