/** The digest of a volume: the same for the same labels, whatever the format. */
import { createHash, type Hash } from "node:crypto";
import { AxonloomError } from "../errors.ts";
import { type Box, box, shapeOf, volumeOf } from "../geometry/box.ts";
import { openVolume, type SourceOptions, type VolumeInfo } from "../store/index.ts";
import { allocate, type Block, BYTES_PER_VOXEL } from "../volume/block.ts";

export interface VolumeDigest {
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  readonly voxels: number;
  /** Voxels that are not 0. */
  readonly labelled: number;
}

export interface DigestOptions extends SourceOptions {
  /** Absent: the volume's. */
  readonly bounds?: Box;
  /** 0 where voxels of a box (C order) count as 0. */
  readonly maskOf?: (box: Box) => Uint8Array;
}

/** Two bands are in memory: one is read while the other is hashed. */
export const DIGEST_BAND_BYTES = 1 << 27;
const PIECE_VOXELS = 1 << 18;

/**
 * SHA-256 of the labels as uint64, little endian, in z, y, x order over the bounds. Reads bands of at most 128 MB; where one row of
 * chunks is larger, its chunks are decoded once for every band. `E_DTYPE` for float32.
 */
export async function digestVolume(source: string, options: DigestOptions = {}): Promise<VolumeDigest> {
  const store = await openVolume(source, options);
  const found = await store.info(options);
  const info = { ...found, bounds: options.bounds ?? found.bounds };
  if (info.dtype === "float32") {
    throw new AxonloomError(
      "E_DTYPE",
      `${store.source}: expected labels (unsigned integers), found float32; only labels have a digest`,
      {
        source: store.source,
        found: info.dtype,
      },
    );
  }
  const hash = createHash("sha256");
  let voxels = 0;
  let labelled = 0;
  let coming: Promise<Block> | null = null;
  const take = async (block: Promise<Block>) => {
    const { data } = await block;
    voxels += data.length;
    return data as Exclude<Block["data"], Float32Array>;
  };
  const read = async (band: Box): Promise<Block> => {
    const mask = options.maskOf?.(band);
    // Where nothing counts nothing is asked for: a server may hold much more than what a run has written.
    if (mask !== undefined && !mask.includes(1)) {
      return { data: allocate(info.dtype, volumeOf(shapeOf(band))), shape: shapeOf(band) };
    }
    const block = await store.read(band, options);
    if (mask !== undefined) clearOutside(block.data, mask);
    return block;
  };
  for (const band of bandsOf(info, DIGEST_BAND_BYTES)) {
    options.signal?.throwIfAborted();
    const data = coming === null ? null : await take(coming);
    coming = read(band);
    coming.catch(() => {}); // reported where it is awaited
    if (data !== null) labelled += hashLabels(hash, data);
  }
  if (coming !== null) labelled += hashLabels(hash, await take(coming));
  return { digest: hash.digest("hex"), voxels, labelled };
}

/** Sets to 0 what the mask has not. */
function clearOutside(data: Block["data"], mask: Uint8Array): void {
  const clear = (from: number, to: number) => {
    if (data instanceof BigUint64Array) data.fill(0n, from, to);
    else data.fill(0, from, to);
  };
  for (let from = mask.indexOf(0); from >= 0; ) {
    const next = mask.indexOf(1, from);
    clear(from, next < 0 ? mask.length : next);
    from = next < 0 ? -1 : mask.indexOf(0, next);
  }
}

/** Boxes that follow each other in z, y, x order, of at most `most` bytes (but at least one row). */
export function* bandsOf(
  { bounds, writeGrid, dtype }: Pick<VolumeInfo, "bounds" | "writeGrid" | "dtype">,
  most: number,
): Generator<Box> {
  const [sizeZ, sizeY, sizeX] = shapeOf(bounds);
  const rowBytes = sizeX * BYTES_PER_VOXEL[dtype];
  const [startZ, startY, startX] = bounds.start;
  const [stopZ, stopY, stopX] = bounds.stop;
  const fitting = Math.floor(most / (rowBytes * sizeY));
  const chunk = Math.min(writeGrid?.cell[0] ?? 1, sizeZ);
  if (fitting >= 1) {
    // Whole rows of chunks, or equal parts of one.
    const depth = fitting >= chunk ? Math.floor(fitting / chunk) * chunk : Math.ceil(chunk / Math.ceil(chunk / fitting));
    for (let z = startZ; z < stopZ; ) {
      const rowEnd = fitting >= chunk ? stopZ : startZ + (Math.floor((z - startZ) / chunk) + 1) * chunk;
      const end = Math.min(z + depth, rowEnd, stopZ);
      yield box([z, startY, startX], [end, stopY, stopX]);
      z = end;
    }
    return;
  }
  const rows = Math.max(1, Math.floor(most / rowBytes));
  for (let z = startZ; z < stopZ; z++) {
    for (let y = startY; y < stopY; y += rows) yield box([z, y, startX], [z + 1, Math.min(y + rows, stopY), stopX]);
  }
}

/** Adds the labels, widened to uint64, to the hash; returns how many are not 0. */
function hashLabels(hash: Hash, data: Uint8Array | Uint16Array | Uint32Array | BigUint64Array): number {
  let labelled = 0;
  if (data instanceof BigUint64Array) {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length * 2);
    for (let i = 0; i < words.length; i += 2) if ((words[i]! | words[i + 1]!) !== 0) labelled += 1;
    for (let at = 0; at < words.length; at += PIECE_VOXELS * 2) hash.update(words.subarray(at, at + PIECE_VOXELS * 2));
    return labelled;
  }
  const words = new Uint32Array(2 * Math.min(PIECE_VOXELS, data.length));
  for (let at = 0; at < data.length; at += PIECE_VOXELS) {
    const count = Math.min(PIECE_VOXELS, data.length - at);
    for (let i = 0; i < count; i++) {
      const label = data[at + i]!;
      words[2 * i] = label;
      if (label !== 0) labelled += 1;
    }
    hash.update(words.subarray(0, 2 * count));
  }
  return labelled;
}
