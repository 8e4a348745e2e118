/**
 * Which supervoxels lay in a box before it was written, kept as keys beside the labels: the bodies that they belong to have to lose voxels in the
 * index, whoever goes on after a crash, with which boxes and from which folder. A version inherits the notes of a parent that was committed too
 * early. While a box is noted, index and coarser levels above it may be out of date.
 */
import type { CallOptions } from "../../call-options.ts";
import { type Box, box } from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { bytesOf } from "../../volume/block.ts";
import { deleteKey, getKey, type KeyValuePlace, listKeys, putKey } from "./key-value.ts";
import { badAnswer } from "./wire/index.ts";

const PREFIX = "former--";
const CALLS_AT_ONCE = 4;

function keyOf({ start, stop }: Box): string {
  return `${PREFIX}${start.join("_")}--${stop.join("_")}`;
}

/** Adds ids to what is noted of the box, if anything is. */
export async function noteFormer(place: KeyValuePlace, at: Box, ids: BigUint64Array, options?: CallOptions): Promise<void> {
  // 0 is no id, and makes sure that the value is not empty.
  const all = BigUint64Array.from(new Set([0n, ...(await readFormer(place, at, options)), ...ids])).sort();
  await putKey(place, keyOf(at), bytesOf(all), options);
}

/** The ids noted of this very box, sorted; none where nothing is noted. */
export async function readFormer(place: KeyValuePlace, at: Box, options?: CallOptions): Promise<BigUint64Array> {
  const value = await getKey(place, keyOf(at), options);
  if (value === null) return new BigUint64Array(0);
  if (value.length % 8 !== 0) throw badAnswer(`key ${keyOf(at)}: expected ids of 8 bytes, found ${value.length} bytes`);
  return new BigUint64Array(Uint8Array.from(value).buffer).filter((id) => id !== 0n);
}

/** All boxes that are noted in this version, its own and inherited ones. */
export async function notedBoxes(place: KeyValuePlace, options?: CallOptions): Promise<Box[]> {
  const keys = await listKeys(place, PREFIX, `${PREFIX}~`, options);
  return keys.map((key) => {
    const found = /^(\d+)_(\d+)_(\d+)--(\d+)_(\d+)_(\d+)$/.exec(key.slice(PREFIX.length));
    if (found === null) throw badAnswer(`key ${key}: expected a box z_y_x--z_y_x after ${PREFIX}`);
    const [z, y, x, z1, y1, x1] = found.slice(1).map(Number) as [number, number, number, number, number, number];
    return box([z, y, x], [z1, y1, x1]);
  });
}

/** Forgets the notes of these boxes: their index and levels are right. */
export async function forgetFormer(place: KeyValuePlace, boxes: readonly Box[], options?: CallOptions): Promise<void> {
  await forEachParallel(boxes, CALLS_AT_ONCE, (at) => deleteKey(place, keyOf(at), options), options);
}
