/**
 * Greedy LZ4 compressor. Idea: a table remembers where each hashed sequence of 4 bytes was seen last; where the bytes there are
 * the same, the match is extended, and one sequence (literals, offset, length) is written. Where nothing is found the steps grow, so that
 * bytes that do not compress cost little. O(bytes).
 *
 *     token: literals (4 bits) | match length - 4 (4 bits); 15 = more bytes follow, each adds 0…255, the last one is below 255
 *     literals, offset (uint16, little endian), …; the last sequence has literals only
 */
const MIN_MATCH = 4;
/** The format wants the last 5 bytes as literals, and no match that begins within the last 12. */
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const MOST_OFFSET = 0xffff;
const HASH_BITS = 14;

/** Bytes that `length` bytes need at most. */
export function worstCase(length: number): number {
  return length + Math.floor(length / 255) + 16;
}

/** Writes the block into `out`; returns its length. */
export function compress(input: Uint8Array, out: Uint8Array): number {
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  const matchEnd = input.length - LAST_LITERALS;
  const lastStart = input.length - MATCH_LIMIT;
  let literals = 0; // where those that are not yet written begin
  let o = 0;
  let misses = 0;
  for (let i = 0; i <= lastStart; ) {
    const word = read4(input, i);
    const slot = hash(word);
    let from = table[slot]!;
    table[slot] = i;
    if (from < 0 || i - from > MOST_OFFSET || read4(input, from) !== word) {
      i += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    while (i > literals && from > 0 && input[i - 1] === input[from - 1]) {
      i--;
      from--;
    }
    let end = i + MIN_MATCH;
    for (let f = from + MIN_MATCH; end < matchEnd && input[end] === input[f]; f++) end++;
    o = writeSequence(input, literals, i, out, o, end - i - MIN_MATCH);
    out[o++] = i - from;
    out[o++] = (i - from) >> 8;
    o = writeMore(out, o, end - i - MIN_MATCH);
    literals = end;
    i = end;
    // a place inside the match, too: what follows it is often found again
    if (i <= lastStart) table[hash(read4(input, i - 2))] = i - 2;
  }
  return writeSequence(input, literals, input.length, out, o, 0);
}

/** Token and literals [from, to). */
function writeSequence(input: Uint8Array, from: number, to: number, out: Uint8Array, at: number, match: number): number {
  const count = to - from;
  out[at++] = (Math.min(count, 15) << 4) | Math.min(match, 15);
  const o = writeMore(out, at, count);
  if (count < 32) for (let k = 0; k < count; k++) out[o + k] = input[from + k]!;
  else out.set(input.subarray(from, to), o);
  return o + count;
}

function writeMore(out: Uint8Array, at: number, value: number): number {
  if (value < 15) return at;
  let rest = value - 15;
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}

function hash(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function read4(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
