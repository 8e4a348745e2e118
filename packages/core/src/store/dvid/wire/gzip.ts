/** Label blocks inside gzip, as they are sent and stored. */
import { gunzipSync, gzipSync } from "node:zlib";
import { reading } from "./answer.ts";

/** Fast; stronger levels save a tenth of the bytes. */
const LEVEL = 1;

/** One gzip member around the block. The server keeps these bytes as they are. */
export function zipBlock(block: Uint8Array): Uint8Array {
  return gzipSync(block, { level: LEVEL });
}

/**
 * The block of a payload, of at most `mostBytes`. A payload that is no gzip is the block itself: instances without compression send it so.
 * `E_DVID_ANSWER`.
 */
export function unzipBlock(payload: Uint8Array, mostBytes: number): Uint8Array {
  if (payload[0] !== 0x1f || payload[1] !== 0x8b) return payload;
  return reading("a block's gzip", () => gunzipSync(payload, { maxOutputLength: mostBytes }));
}
