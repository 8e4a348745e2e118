/**
 * NumPy arrays: `npy://labels.npy`, `npy://gray.npy.gz?voxel-size-nm=8,8,8&offset=100,0,0` (x, y, z). Read and written.
 */
import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { AXES, shapeOf, toXyz, volumeOf } from "../../geometry/box.ts";
import { type Block, BYTES_PER_VOXEL, bytesOf, type Dtype } from "../../volume/block.ts";
import { checkDestination, checkSize, PARTIAL, partialPath, publishPath, removeQuietly, writeFailure } from "../files.ts";
import { flatStore, PLACE_KEYS, placeOf } from "../flat-volume.ts";
import { deflateFile, LARGEST_INFLATED_BYTES, readHead } from "../gzip-file.ts";
import { localLifecycle, normaliseLocal } from "../local-lifecycle.ts";
import { checkOptionKeys } from "../options.ts";
import { checkQueryKeys, formatLocalName, type LocalName, parseLocalName } from "../source-name.ts";
import type { StoreDriver, VolumeSpec, VolumeStore } from "../types.ts";
import { formatNpyHeader, NPY_HEAD_BYTES, NPY_MAGIC, parseNpyHeader } from "./header.ts";

const GZIPPED = /\.gz(\.\w+)?(\.partial)?$/;

export const npyDriver: StoreDriver = {
  scheme: "npy",
  summary: "one NumPy file, .npy or .npy.gz (read and write)",

  async matches(path) {
    return /\.npy(\.gz)?(\.partial)?$/.test(path);
  },

  normalise: normaliseLocal,
  open: openFile,

  writer: {
    ...localLifecycle({ scheme: "npy", open: openFile, isVolume }),

    planWriteGrid(rest, spec) {
      const name = parse(rest);
      checkSpec(name, spec);
      return GZIPPED.test(name.path) ? null : { origin: spec.bounds.start, cell: [1, 1, 1] };
    },

    async create(rest, spec, options = {}) {
      const name = parse(rest);
      const source = nameOf(name);
      checkSpec(name, spec);
      await checkDestination(source, name.path, { replace: options.replace ?? false, owner: options.owner, isVolume });
      const path = partialPath(name.path, options.owner);
      await makeZeros(source, path, spec, options);
      return await openNpy({ ...name, path }, options);
    },

    async publish(rest, options = {}) {
      const name = parse(rest);
      await publishPath(nameOf(name), name.path, { replace: options.replace ?? false, owner: options.owner, isVolume });
      return await openNpy(name, options);
    },
  },
};

async function openFile(rest: string, options: CallOptions = {}): Promise<VolumeStore> {
  return await openNpy(parse(rest), options);
}

async function isVolume(path: string): Promise<boolean> {
  return await readHead(path, path, NPY_MAGIC.length).then(
    ({ bytes }) => Buffer.from(bytes).toString("latin1") === NPY_MAGIC,
    () => false,
  );
}

/** The file itself keeps no offset: the destination's name must, so that everyone who opens it finds the voxels in the same place. */
function checkSpec(name: LocalName, spec: VolumeSpec): void {
  const source = nameOf(name);
  checkOptionKeys(source, spec, []);
  const { start } = spec.bounds;
  if (AXES.every((a) => placeOf(name).offset[a] === start[a])) return;
  const wanted = `npy://${formatLocalName({ ...name, query: new Map([...name.query, ["offset", toXyz(start).join(",")]]) })}`;
  throw new AxonloomError(
    "E_SOURCE_UNSUPPORTED",
    `${source}: an npy file keeps no offset, and the volume starts at (${toXyz(start).join(", ")}) (x, y, z); name the destination "${wanted}"`,
    { source, start, wanted },
  );
}

function parse(rest: string): LocalName {
  const name = parseLocalName(rest);
  checkQueryKeys(name, PLACE_KEYS);
  return name;
}

function nameOf(name: LocalName): string {
  return `npy://${formatLocalName(name)}`;
}

async function openNpy(name: LocalName, options: CallOptions = {}): Promise<VolumeStore> {
  const source = nameOf(name);
  const { path } = name;
  const place = placeOf(name);
  const head = await readHead(source, path, NPY_HEAD_BYTES, options);
  const header = parseNpyHeader(head.bytes, source);
  const { dtype, shape, dataOffset } = header;
  if (!head.gzip) await checkSize(source, path, dataOffset + volumeOf(shape) * BYTES_PER_VOXEL[dtype]);
  const writable = path.endsWith(PARTIAL);
  return flatStore({
    ...header,
    ...place,
    source,
    path,
    gzip: head.gzip,
    writable,
    ...(writable && head.gzip ? { writeWhole: (block: Block, o: CallOptions) => writeGzip(source, path, dtype, block, o) } : {}),
    details: { format: "npy", gzip: head.gzip },
  });
}

async function makeZeros(source: string, path: string, spec: VolumeSpec, options: CallOptions): Promise<void> {
  const shape = shapeOf(spec.bounds);
  const header = formatNpyHeader(spec.dtype, shape);
  const bytes = volumeOf(shape) * BYTES_PER_VOXEL[spec.dtype];
  if (GZIPPED.test(path)) {
    if (bytes > LARGEST_INFLATED_BYTES) {
      throw new AxonloomError(
        "E_SOURCE_UNSUPPORTED",
        `${source}: ${bytes} bytes are more than the ${LARGEST_INFLATED_BYTES} that a gzip'd array may have; write a plain .npy or precomputed`,
        { source, bytes },
      );
    }
  }
  try {
    await mkdir(dirname(path), { recursive: true });
    if (GZIPPED.test(path)) return await deflateFile(source, path, zeros(header, bytes), options);
    const file = await open(path, "wx");
    try {
      await file.write(header);
      await file.truncate(header.length + bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeQuietly(path);
    throw writeFailure(source, path, error, options);
  }
}

const PIECE_BYTES = 1 << 20;

function* zeros(header: Uint8Array, bytes: number): Generator<Uint8Array> {
  yield header;
  const piece = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < bytes; at += PIECE_BYTES) yield piece.subarray(0, Math.min(PIECE_BYTES, bytes - at));
}

function* pieces(header: Uint8Array, bytes: Uint8Array): Generator<Uint8Array> {
  yield header;
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function writeGzip(source: string, path: string, dtype: Dtype, block: Block, options: CallOptions): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await deflateFile(source, temporary, pieces(formatNpyHeader(dtype, block.shape), bytesOf(block.data)), options);
    await rename(temporary, path);
  } catch (error) {
    await removeQuietly(temporary);
    throw writeFailure(source, path, error, options);
  }
}
