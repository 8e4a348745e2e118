/** Between the bytes of a chunk file and voxels. */
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { decodeCompressedSegmentation, encodeCompressedSegmentation, KernelError } from "@axonloom/kernels";
import { AxonloomError } from "../../errors.ts";
import { type Vec3, volumeOf } from "../../geometry/box.ts";
import { type Block, BYTES_PER_VOXEL, bytesOf, type Dtype, voxelsOf } from "../../volume/block.ts";
import { isGzip } from "../gzip-file.ts";
import type { Scale } from "./info.ts";

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);

/** Voxels of a chunk of `shape`; `where` names the file in errors (`E_SOURCE_DAMAGED`). */
export async function decodeChunk(bytes: Uint8Array, shape: Vec3, dtype: Dtype, scale: Scale, where: string): Promise<Block> {
  const plain = isGzip(bytes) ? await unpack(bytes, shape, dtype, scale, where) : bytes;
  if (scale.encoding === "raw") {
    const expected = volumeOf(shape) * BYTES_PER_VOXEL[dtype];
    if (plain.length !== expected) throw damaged(where, `expected ${expected} bytes, found ${plain.length}`);
    return { data: voxelsOf(ownBytes(plain), dtype), shape };
  }
  if (dtype !== "uint32" && dtype !== "uint64") throw damaged(where, `compressed_segmentation cannot hold ${dtype}`);
  try {
    return { data: decodeCompressedSegmentation(plain, shape, dtype, scale.block), shape };
  } catch (error) {
    if (error instanceof KernelError) throw damaged(where, error.message, error);
    throw error;
  }
}

/** Bytes that share their memory with nothing else, so that a caller may transfer them to another thread. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** Recognised by content. Raw voxels that begin like gzip by chance are told apart by gzip's checksum. */
async function unpack(bytes: Uint8Array, shape: Vec3, dtype: Dtype, scale: Scale, where: string): Promise<Uint8Array> {
  const voxels = volumeOf(shape);
  const size = BYTES_PER_VOXEL[dtype];
  // Per 64 voxels compressed_segmentation takes at most a table entry each, 32 bit values and block headers.
  const limit = scale.encoding === "raw" ? voxels * size + 1 : voxels * (size + 4) * 64 + 1024;
  try {
    return await gunzipAsync(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (scale.encoding === "raw" && bytes.length === voxels * size) return bytes;
    throw damaged(where, `it cannot be unpacked (${(error as Error).message})`, error);
  }
}

/** Bytes of a chunk file. `E_WRITE_FAILED` when the encoding cannot hold the voxels; `where` names the file. */
export async function encodeChunk({ data, shape }: Block, scale: Scale, useGzip: boolean, where: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  if (scale.encoding === "raw") {
    bytes = bytesOf(data);
  } else {
    try {
      bytes = encodeCompressedSegmentation(data as Uint32Array | BigUint64Array, shape, scale.block);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      throw new AxonloomError(
        "E_WRITE_FAILED",
        `${where}: cannot encode the chunk (${error.message}); use a smaller chunk size`,
        { path: where },
        error,
      );
    }
  }
  return useGzip ? await gzipAsync(bytes, { level: 6 }) : bytes;
}

function damaged(where: string, why: string, cause?: unknown): AxonloomError {
  return new AxonloomError("E_SOURCE_DAMAGED", `${where} is damaged: ${why}; restore the file`, { path: where }, cause);
}
