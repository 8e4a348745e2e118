/** Numbers and small encodings of Spark's worker protocol. All integers are big-endian; text is an int32 byte length and UTF-8. */

/** Control codes; they stand where a length could stand. */
export const END_OF_DATA_SECTION = -1;
export const EXCEPTION_THROWN = -2;
export const TIMING_DATA = -3;
export const END_OF_STREAM = -4;
export const START_ARROW_STREAM = -6;

/** Ends one Arrow IPC stream. */
export const END_OF_ARROW_STREAM: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

export function utf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([int32(bytes.length), bytes]);
}
