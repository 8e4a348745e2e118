/** Masks are 1 = keep, 0 = leave out; null stands for all ones. */
import type { Mask } from "./types.ts";

/** `a` and `b`. Overwrites `a`, which the caller must own; gives null when everything is kept. */
export function andInto(a: Mask, b: Mask): Mask {
  if (b === null) return nullIfFull(a);
  if (a === null) return nullIfFull(b.slice());
  for (let i = 0; i < a.length; i++) a[i]! &= b[i]!;
  return nullIfFull(a);
}

/** `a` without `b`, as a new array; `a` itself when there is nothing to take out. @param length voxels. */
export function without(a: Mask, b: Mask, length: number): Mask {
  if (b === null || !b.includes(1)) return a;
  const result = a === null ? new Uint8Array(length).fill(1) : a.slice();
  for (let i = 0; i < length; i++) if (b[i] !== 0) result[i] = 0;
  return result;
}

function nullIfFull(mask: Mask): Mask {
  return mask?.includes(0) ? mask : null;
}
