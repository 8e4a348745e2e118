/** The same memory as 32-bit words, low word first: every platform of Node's that this runs on is little endian. */
export function words(array: BigUint64Array): Uint32Array {
  return new Uint32Array(array.buffer, array.byteOffset, array.length * 2);
}
