/** A block's place as one number, as label indices have it: z << 42 | y << 21 | x, each as sign (bit 20) and magnitude. */

import { AxonloomError } from "../../../errors.ts";
import type { Vec3 } from "../../../geometry/box.ts";

const SIGN = 1 << 20;
const MOST = SIGN - 1;

/** Key of the block at z, y, x, counted in blocks. `E_OUT_OF_BOUNDS` beyond 2^20 blocks. */
export function blockKey(block: Vec3): bigint {
  const [z, y, x] = block.map((n) => {
    if (!Number.isInteger(n) || Math.abs(n) > MOST) {
      throw new AxonloomError(
        "E_OUT_OF_BOUNDS",
        `block z, y, x [${block.join(", ")}]: label indices of DVID reach ${MOST} blocks in each direction`,
        { block },
      );
    }
    return n < 0 ? SIGN - n : n;
  }) as [number, number, number];
  // y's bits 11 and above belong to the upper word
  const low = (x | (y << 21)) >>> 0;
  const high = (z << 10) | (y >>> 11);
  return (BigInt(high >>> 0) << 32n) | BigInt(low);
}

/** The block of a key: z, y, x. */
export function blockOfKey(key: bigint): Vec3 {
  const part = (shift: bigint) => {
    const bits = Number((key >> shift) & 0x1fffffn);
    return bits & SIGN ? 0 - (bits & MOST) : bits;
  };
  return [part(42n), part(21n), part(0n)];
}
