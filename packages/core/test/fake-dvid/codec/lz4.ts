/** One raw LZ4 block (no frame, no length), both ways. Compression finds matches by a table of the last place of four bytes. */
const MIN_MATCH = 4;
const LAST_LITERALS = 12;

/** At most `size` bytes; a stream that is shorter leaves the rest zero, as the server does. */
export function decompressLz4(source: Uint8Array, size: number): Uint8Array {
  const target = new Uint8Array(size);
  let [at, out] = [0, 0];
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble === 15) {
      let byte: number;
      do {
        byte = source[at++] ?? 0;
        total += byte;
      } while (byte === 255);
    }
    return total;
  };
  while (at < source.length) {
    const token = source[at++]!;
    const literals = length(token >> 4);
    if (at + literals > source.length || out + literals > size)
      throw new Error("lz4: invalid source or destination buffer too short");
    target.set(source.subarray(at, at + literals), out);
    at += literals;
    out += literals;
    if (at >= source.length) break;
    const back = source[at]! | (source[at + 1]! << 8);
    at += 2;
    const run = length(token & 15) + MIN_MATCH;
    if (back === 0 || back > out || out + run > size) throw new Error("lz4: invalid source or destination buffer too short");
    for (let i = 0; i < run; i++, out++) target[out] = target[out - back]!;
  }
  return target;
}

export function compressLz4(source: Uint8Array): Uint8Array {
  const out = new Uint8Array(source.length + Math.ceil(source.length / 255) + 16);
  let at = 0;
  const extra = (value: number) => {
    for (let rest = value - 15; rest >= 0; rest -= 255) out[at++] = Math.min(rest, 255);
  };
  const literals = (from: number, to: number, match: number) => {
    out[at++] = (Math.min(to - from, 15) << 4) | Math.min(match, 15);
    if (to - from >= 15) extra(to - from);
    out.set(source.subarray(from, to), at);
    at += to - from;
  };
  const word = (i: number) => source[i]! | (source[i + 1]! << 8) | (source[i + 2]! << 16) | (source[i + 3]! << 24);
  const seen = new Int32Array(1 << 16).fill(-1);
  let start = 0;
  for (let i = 0; i < source.length - LAST_LITERALS; ) {
    const slot = Math.imul(word(i), 0x9e3779b1) >>> 16;
    const earlier = seen[slot]!;
    seen[slot] = i;
    if (earlier < 0 || i - earlier > 0xffff || word(earlier) !== word(i)) {
      i++;
      continue;
    }
    let run = MIN_MATCH;
    while (i + run < source.length - LAST_LITERALS && source[i + run] === source[earlier + run]) run++;
    literals(start, i, run - MIN_MATCH);
    out[at++] = (i - earlier) & 255;
    out[at++] = (i - earlier) >> 8;
    if (run - MIN_MATCH >= 15) extra(run - MIN_MATCH);
    i += run;
    start = i;
  }
  literals(start, source.length, 0);
  return out.slice(0, at);
}
