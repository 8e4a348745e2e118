/** Preserved bodies: proofread bodies whose voxels no run may change. */
import { renumber } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { type Box, intersect, isEmpty, shapeOf, volumeOf } from "../../geometry/box.ts";
import { openVolume } from "../../store/index.ts";
import { type Block, copyIntersection } from "../../volume/block.ts";

export interface PreservedBodies {
  readonly source: string;
  /** Sorted, unique, non-zero. */
  readonly bodies: BigUint64Array;
}

/**
 * Ids of the preserved bodies in a box, 0 elsewhere; null when none has a voxel there. Voxels outside the source or where `inside` is 0
 * are 0.
 */
export async function readPreserved(
  preserved: PreservedBodies,
  box: Box,
  inside: Uint8Array | null,
  options: CallOptions = {},
): Promise<BigUint64Array | null> {
  const store = await openVolume(preserved.source, options);
  const common = intersect(box, (await store.info(options)).bounds);
  if (isEmpty(common)) return null;
  const block = await store.read(common, options);
  if (block.data instanceof Float32Array) {
    throw new AxonloomError("E_DTYPE", `preserve-bodies: expected labels of an integer type in ${preserved.source}, found float32`);
  }
  const { labels, ids } = renumber(block.data);
  const kept = ids.map((id) => (holds(preserved.bodies, id) ? id : 0n));
  if (kept.every((id) => id === 0n)) return null;
  const part: Block<BigUint64Array> = { data: new BigUint64Array(labels.length), shape: block.shape };
  for (let i = 0; i < labels.length; i++) part.data[i] = kept[labels[i]!]!;
  const shape = shapeOf(box);
  const whole: Block<BigUint64Array> = { data: new BigUint64Array(volumeOf(shape)), shape };
  copyIntersection(part, common, whole, box);
  if (inside !== null) for (let i = 0; i < inside.length; i++) if (inside[i] === 0) whole.data[i] = 0n;
  return whole.data;
}

/** 1 where a preserved body lies; null = nowhere. */
export function maskOfPreserved(ids: BigUint64Array | null): Uint8Array | null {
  if (ids === null) return null;
  const mask = new Uint8Array(ids.length);
  let any = false;
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === 0n) continue;
    mask[i] = 1;
    any = true;
  }
  return any ? mask : null;
}

/** Whether a sorted list holds the id. */
export function holds(sorted: BigUint64Array, id: bigint): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && sorted[low] === id;
}
