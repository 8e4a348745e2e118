/**
 * LZ4 blocks in their raw form: no frame and no length, so that the receiver must know the size.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 *
 *     const bytes = compressLz4Block(voxels);
 *     const same = decompressLz4Block(bytes, voxels.length);
 */
import { KernelError } from "../errors.ts";
import { compress, worstCase } from "./compress.ts";
import { decompress } from "./decompress.ts";

/** LZ4's own limit on the input of a block. */
const MOST_BYTES = 0x7e000000;

/** One LZ4 block. More than 2,113,929,216 bytes: E_CODEC_LIMIT. */
export function compressLz4Block(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > MOST_BYTES) {
    throw new KernelError(
      "E_CODEC_LIMIT",
      `LZ4 block: expected at most ${MOST_BYTES} bytes, found ${bytes.length}; send less at once`,
    );
  }
  const out = new Uint8Array(worstCase(bytes.length));
  return out.slice(0, compress(bytes, out));
}

/** The `size` bytes of an LZ4 block. Bytes that give more or fewer, or point before the start: E_CODEC_DAMAGED. */
export function decompressLz4Block(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(size) || size < 0 || size > MOST_BYTES) {
    throw new KernelError("E_KERNEL_ARGUMENT", `decompressLz4Block size: expected 0 to ${MOST_BYTES}, found ${size}`);
  }
  const out = new Uint8Array(size);
  decompress(bytes, out);
  return out;
}
