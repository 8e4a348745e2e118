/**
 * Neuroglancer's compressed_segmentation codec for one channel of uint32 or uint64 labels.
 *
 *     const bytes = encodeCompressedSegmentation(labels, [64, 64, 64]);
 *     const same = decodeCompressedSegmentation(bytes, [64, 64, 64], "uint64");
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { words } from "../words.ts";
import { damaged, decode } from "./decode.ts";
import { encode } from "./encode.ts";

const DEFAULT_BLOCK: Shape3 = [8, 8, 8];
const MOST_BLOCK_VOXELS = 2 ** 24;

/**
 * Labels in blocks of `blockSize` (z, y, x). Neither type, shape nor block size is stored. E_CODEC_LIMIT where the encoded
 * chunk passes what 24-bit table offsets reach (64 MiB).
 */
export function encodeCompressedSegmentation(
  labels: Uint32Array | BigUint64Array,
  shape: Shape3,
  blockSize: Shape3 = DEFAULT_BLOCK,
): Uint8Array {
  checkLength("encodeCompressedSegmentation labels", labels.length, shape);
  checkBlockSize("encodeCompressedSegmentation", blockSize);
  return labels instanceof BigUint64Array ? encode(words(labels), 2, shape, blockSize) : encode(labels, 1, shape, blockSize);
}

/** Labels of one encoded chunk of known shape (z, y, x) and type. Truncated or impossible bytes: E_CODEC_DAMAGED. */
export function decodeCompressedSegmentation(
  bytes: Uint8Array,
  shape: Shape3,
  dtype: "uint32",
  blockSize?: Shape3,
): Uint32Array<ArrayBuffer>;
export function decodeCompressedSegmentation(
  bytes: Uint8Array,
  shape: Shape3,
  dtype: "uint64",
  blockSize?: Shape3,
): BigUint64Array<ArrayBuffer>;
export function decodeCompressedSegmentation(
  bytes: Uint8Array,
  shape: Shape3,
  dtype: "uint32" | "uint64",
  blockSize?: Shape3,
): Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;
export function decodeCompressedSegmentation(
  bytes: Uint8Array,
  shape: Shape3,
  dtype: "uint32" | "uint64",
  blockSize: Shape3 = DEFAULT_BLOCK,
): Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> {
  const voxels = shape[0] * shape[1] * shape[2];
  checkLength("decodeCompressedSegmentation shape", voxels, shape);
  checkBlockSize("decodeCompressedSegmentation", blockSize);
  if (bytes.length % 4 !== 0) throw damaged(`expected whole 32-bit words, found ${bytes.length} bytes`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes); // not slice(): a Buffer's shares its memory
  const input = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  if (dtype === "uint32") {
    const labels = new Uint32Array(voxels);
    decode(input, labels, 1, shape, blockSize);
    return labels;
  }
  const labels = new BigUint64Array(voxels);
  decode(input, words(labels), 2, shape, blockSize);
  return labels;
}

function checkBlockSize(name: string, blockSize: Shape3): void {
  const voxels = blockSize[0] * blockSize[1] * blockSize[2];
  if (blockSize.length !== 3 || !blockSize.every((n) => Number.isInteger(n) && n > 0) || voxels > MOST_BLOCK_VOXELS) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `${name} blockSize: expected three positive integers with a product up to ${MOST_BLOCK_VOXELS}, found [${blockSize.join(", ")}]`,
    );
  }
}
