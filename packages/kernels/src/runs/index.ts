/**
 * Run-length codec of uint32 labels: small, fast, checksummed, made to be deflated afterwards.
 *
 *     const bytes = encodeRuns(labels, [512, 512, 512]);
 *     const slab = decodeRunsBox(bytes, [0, 0, 492], [512, 512, 512]);
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { decodeBox } from "./decode.ts";
import { encode } from "./encode.ts";
import { readHeader } from "./format.ts";

/** Run-coded labels; each size of `shape` (z, y, x) fits 32 bits. E_CODEC_LIMIT where the result passes 4 GiB. */
export function encodeRuns(labels: Uint32Array, shape: Shape3): Uint8Array {
  checkLength("encodeRuns labels", labels.length, shape);
  if (shape.some((n) => n > 0xffffffff)) {
    throw new KernelError("E_KERNEL_ARGUMENT", `encodeRuns shape: expected sizes below 2^32, found [${shape.join(", ")}]`);
  }
  return encode(labels, shape);
}

/** All labels and their shape. Damaged or truncated bytes: E_CODEC_DAMAGED. */
export function decodeRuns(bytes: Uint8Array): { labels: Uint32Array; shape: Shape3 } {
  const header = readHeader(bytes);
  return { labels: decodeBox(bytes, header, [0, 0, 0], header.shape), shape: header.shape };
}

/**
 * Labels of the box [start, stop) (z, y, x; inside the shape). Looks only at the slices that the box cuts.
 * E_CODEC_DAMAGED as above, E_KERNEL_ARGUMENT for a box that is not inside.
 */
export function decodeRunsBox(bytes: Uint8Array, start: Shape3, stop: Shape3): Uint32Array {
  const header = readHeader(bytes);
  const inside = header.shape.every((n, axis) => {
    const [a, b] = [start[axis]!, stop[axis]!];
    return Number.isInteger(a) && Number.isInteger(b) && a >= 0 && a <= b && b <= n;
  });
  if (!inside) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `decodeRunsBox: expected a box inside [${header.shape.join(", ")}], found [${start.join(", ")}] to [${stop.join(", ")}]`,
    );
  }
  return decodeBox(bytes, header, start, stop);
}
