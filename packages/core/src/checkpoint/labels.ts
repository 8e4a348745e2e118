/** Labels and predictions of a subvolume as compressed bytes. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { decodeRuns, decodeRunsBox, encodeRuns } from "@axonloom/kernels";
import type { Vec3 } from "../geometry/box.ts";

/** Run lengths, then deflate at its fastest level: the runs are small already. */
export function packLabels(labels: Uint32Array, shape: Vec3): Uint8Array {
  return deflateRawSync(encodeRuns(labels, shape), { level: 1 });
}

export function unpackLabels(bytes: Uint8Array): Uint32Array {
  return decodeRuns(inflateRawSync(bytes)).labels;
}

/** Several boxes (half-open, relative to the packed block) of one packed block. */
export function unpackBoxes(bytes: Uint8Array, boxes: readonly { readonly start: Vec3; readonly stop: Vec3 }[]): Uint32Array[] {
  const runs = inflateRawSync(bytes);
  return boxes.map(({ start, stop }) => decodeRunsBox(runs, start, stop));
}

export function packBytes(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { level: 1 });
}

export function unpackBytes(bytes: Uint8Array): Uint8Array {
  return inflateRawSync(bytes);
}
