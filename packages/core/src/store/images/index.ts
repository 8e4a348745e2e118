/**
 * A stack of PNG slices, one file a z: `images://folder?voxel-size-nm=8,8,8` (x, y, z). Files in natural order, other files are
 * ignored. Read only.
 */
import { createHash } from "node:crypto";
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { codeOf } from "../../fs-errors.ts";
import { box, boxOfShape, shapeOf, translate, type Vec3, volumeOf } from "../../geometry/box.ts";
import { forEachParallel, unlessAborted } from "../../parallel.ts";
import { allocate, BYTES_PER_VOXEL, copyIntersection } from "../../volume/block.ts";
import { decodedFiles } from "../byte-cache.ts";
import { checkInside } from "../checks.ts";
import { damagedFile, fileIdentity, folderIdentity, readFailure } from "../files.ts";
import { PLACE_KEYS, placeOf, readOnly } from "../flat-volume.ts";
import { normaliseLocal } from "../local-lifecycle.ts";
import { checkQueryKeys, formatLocalName, type LocalName, parseLocalName } from "../source-name.ts";
import type { StoreDriver, VolumeInfo, VolumeStore } from "../types.ts";
import { compareNatural } from "./natural-order.ts";
import { PNG_HEAD_BYTES, type PngHeader, parsePngHeader } from "./png-header.ts";

type Slice = Uint8Array | Uint16Array;

const HEADERS_AT_ONCE = 32;

export const imagesDriver: StoreDriver = {
  scheme: "images",
  summary: "a folder of PNG slices, 8 or 16 bit gray (read only)",

  async matches(path) {
    return (await readdir(path).catch(() => [])).some(isPng);
  },

  normalise: normaliseLocal,

  async open(rest, options = {}) {
    const name = parseLocalName(rest);
    checkQueryKeys(name, PLACE_KEYS);
    const source = `images://${formatLocalName(name)}`;
    const names = await listSlices(source, name.path);
    const header = await checkSlices(source, name.path, names, options);
    return imagesStore(source, name, names, header);
  },
};

function isPng(name: string): boolean {
  return /\.png$/i.test(name) && !name.startsWith(".");
}

async function listSlices(source: string, folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter(isPng).sort(compareNatural);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR" && isPng(folder)) {
      throw new AxonloomError("E_SOURCE_NOT_FOUND", `${source}: expected the folder of the slices, found a file; name its folder`, {
        source,
      });
    }
    throw readFailure(source, folder, error);
  }
  if (names.length === 0)
    throw new AxonloomError("E_SOURCE_NOT_FOUND", `${source}: expected PNG files in ${folder}, found none`, { source });
  return names;
}

/** Reads every header: all slices must be of the first one's size and depth. */
async function checkSlices(source: string, folder: string, names: readonly string[], options: CallOptions): Promise<PngHeader> {
  const first = await readHeader(source, join(folder, names[0]!));
  const check = async (name: string) => {
    const path = join(folder, name);
    const { width, height, dtype } = await readHeader(source, path);
    if (width === first.width && height === first.height && dtype === first.dtype) return;
    throw new AxonloomError(
      "E_SOURCE_DAMAGED",
      `${source}: ${path} has ${width} x ${height} pixels of ${dtype}, expected ${first.width} x ${first.height} of ${first.dtype} as in ${names[0]}; ` +
        "every slice must have the same size",
      { source, path, width, height, dtype },
    );
  };
  await forEachParallel(names, HEADERS_AT_ONCE, check, options);
  return first;
}

async function readHeader(source: string, path: string): Promise<PngHeader> {
  try {
    const file = await open(path, "r");
    try {
      const bytes = new Uint8Array(PNG_HEAD_BYTES);
      const { bytesRead } = await file.read(bytes, 0, PNG_HEAD_BYTES, 0);
      return parsePngHeader(bytes.subarray(0, bytesRead), path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readFailure(source, path, error);
  }
}

function imagesStore(source: string, { path: folder, query }: LocalName, names: readonly string[], header: PngHeader): VolumeStore {
  const { offset, voxelSizeNm } = placeOf({ path: folder, query });
  const { width, height, dtype } = header;
  const bounds = translate(boxOfShape([names.length, height, width]), offset);
  const sliceShape: Vec3 = [1, height, width];
  const sliceBytes = width * height * BYTES_PER_VOXEL[dtype];
  const details = { format: "PNG slices", files: names.length, bits: dtype === "uint8" ? 8 : 16 };
  const volumeInfo: VolumeInfo = { dtype, kind: "image", bounds, voxelSizeNm, writeGrid: null, details };

  async function keptSlice(path: string): Promise<Slice> {
    return await decodedFiles.get(await fileIdentity(source, path), sliceBytes, () => decodeSlice(source, path, header));
  }

  return {
    source,
    async info() {
      return volumeInfo;
    },
    async read(b, options = {}) {
      checkInside(b, bounds, source);
      const shape = shapeOf(b);
      const target = { data: allocate(dtype, volumeOf(shape)), shape };
      for (let z = b.start[0]; z < b.stop[0]; z++) {
        options.signal?.throwIfAborted();
        const path = join(folder, names[z - offset[0]]!);
        const data = await unlessAborted(keptSlice(path), options);
        const at = box([z, bounds.start[1], bounds.start[2]], [z + 1, bounds.stop[1], bounds.stop[2]]);
        copyIntersection({ data, shape: sliceShape }, at, target, b);
      }
      return target;
    },
    async write() {
      throw readOnly(source);
    },
    async identity(options) {
      return createHash("sha256")
        .update(`${source}\n${await folderIdentity(folder, options)}`)
        .digest("hex");
    },
  };
}

async function decodeSlice(source: string, path: string, { width, height, dtype }: PngHeader): Promise<Slice> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw readFailure(source, path, error);
  }
  try {
    const png = decode(bytes, { checkCrc: true });
    const data = png.data;
    const right = dtype === "uint8" ? data instanceof Uint8Array : data instanceof Uint16Array;
    if (right && png.width === width && png.height === height && data.length === width * height) return data as Slice;
    throw new Error(`it holds ${png.width} x ${png.height} pixels`);
  } catch (error) {
    throw damagedFile(source, path, error);
  }
}
