/** Labels and predictions of a subvolume as compressed bytes. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { decodeRunsBox, encodeRuns } from "@axonloom/kernels";
import type { Vec3 } from "../geometry/box.ts";

/** Run lengths, then deflate at its fastest level: the runs are small already. */
export function packLabels(labels: Uint32Array, shape: Vec3): Uint8Array {
  return deflateRawSync(encodeRuns(labels, shape), { level: 1 });
}

/** Several boxes (half-open, relative to the packed block) of one packed block. */
export function unpackBoxes(bytes: Uint8Array, boxes: readonly { readonly start: Vec3; readonly stop: Vec3 }[]): Uint32Array[] {
  const runs = inflateRawSync(bytes);
  return boxes.map(({ start, stop }) => decodeRunsBox(runs, start, stop));
}

/** Deflated at the fastest level; {@link unpackBytes} gives the same bytes. */
export function packBytes(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { level: 1 });
}

/** Throws what zlib throws when the bytes are damaged. */
export function unpackBytes(bytes: Uint8Array): Uint8Array {
  return inflateRawSync(bytes);
}
