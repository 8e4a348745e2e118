/** Decompressor of LZ4 blocks (layout: compress.ts). Every length and offset is checked before it is used. O(bytes). */
import { KernelError } from "../errors.ts";

const MIN_MATCH = 4;

/** Fills `out` exactly. */
export function decompress(input: Uint8Array, out: Uint8Array): void {
  let i = 0;
  let o = 0;
  for (;;) {
    if (i >= input.length) throw damaged(`expected a sequence at byte ${i}, found the end`);
    const token = input[i++]!;
    let literals = token >> 4;
    for (let more = literals === 15; more; i++) {
      if (i >= input.length) throw damaged("a length goes on behind the last byte");
      literals += input[i]!;
      more = input[i] === 255;
    }
    if (i + literals > input.length || o + literals > out.length) {
      throw damaged(`${literals} literals at byte ${i} do not fit ${input.length} bytes for ${out.length}`);
    }
    if (literals < 32) for (let k = 0; k < literals; k++) out[o + k] = input[i + k]!;
    else out.set(input.subarray(i, i + literals), o);
    i += literals;
    o += literals;
    if (i === input.length) break;
    if (i + 2 > input.length) throw damaged("an offset is cut off");
    const offset = input[i]! | (input[i + 1]! << 8);
    i += 2;
    let length = token & 15;
    for (let more = length === 15; more; i++) {
      if (i >= input.length) throw damaged("a length goes on behind the last byte");
      length += input[i]!;
      more = input[i] === 255;
    }
    length += MIN_MATCH;
    if (offset === 0 || offset > o || o + length > out.length) {
      throw damaged(`a match of ${length} bytes, ${offset} before byte ${o}, does not fit ${out.length} bytes`);
    }
    copyMatch(out, o, offset, length);
    o += length;
  }
  if (o !== out.length) throw damaged(`expected ${out.length} bytes, found ${o}`);
}

/** Copies bytes that may overlap what they make: with offset 1 the last byte is repeated. */
function copyMatch(out: Uint8Array, at: number, offset: number, length: number): void {
  if (length < 32) {
    const end = at + length;
    for (let o = at, from = at - offset; o < end; ) out[o++] = out[from++]!;
    return;
  }
  // the bytes that are there repeat with period `offset`, so twice as many can be copied each time
  for (let done = 0, period = offset; done < length; period *= 2) {
    const count = Math.min(period, length - done);
    out.copyWithin(at + done, at - offset, at - offset + count);
    done += count;
  }
}

function damaged(what: string): KernelError {
  return new KernelError("E_CODEC_DAMAGED", `LZ4 block: ${what}; the bytes are damaged, or the size is another`);
}
