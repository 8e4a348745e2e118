/** Decoder of compressed_segmentation (layout: encode.ts). O(voxels); every offset is checked before it is used. */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";

/** Fills `output`, `width` words a label. `words` is the whole file. */
export function decode(words: Uint32Array, output: Uint32Array, width: 1 | 2, shape: Shape3, blockSize: Shape3): void {
  const [nz, ny, nx] = shape;
  const [bz, by, bx] = blockSize;
  const grid = shape.map((n, axis) => Math.ceil(n / blockSize[axis]!)) as unknown as Shape3;
  const blocks = grid[0] * grid[1] * grid[2];
  const channel = 1;
  if (words.length < 1 || words[0] !== channel) throw damaged(`expected 1 (one channel) as the first word, found ${words[0]}`);
  if (words.length < channel + 2 * blocks)
    throw damaged(`expected headers of ${blocks} blocks, found ${words.length} words in all`);

  let header = channel;
  for (let gz = 0; gz < nz; gz += bz) {
    const dz = Math.min(bz, nz - gz);
    for (let gy = 0; gy < ny; gy += by) {
      const dy = Math.min(by, ny - gy);
      for (let gx = 0; gx < nx; gx += bx) {
        const dx = Math.min(bx, nx - gx);
        const head = words[header++]!;
        const bits = head >>> 24;
        const table = channel + (head & 0xffffff);
        const values = channel + words[header++]!;
        if (bits > 32 || (bits & (bits - 1)) !== 0) throw damaged(`${bits} bits a value at z ${gz}, y ${gy}, x ${gx}`);
        if (values + Math.ceil((bz * by * bx * bits) / 32) > words.length || table + width > words.length) {
          throw damaged(`the block at z ${gz}, y ${gy}, x ${gx} points behind the last of ${words.length} words`);
        }
        const mask = bits === 32 ? 0xffffffff : 2 ** bits - 1;
        const entries = Math.floor((words.length - table) / width);
        for (let z = 0; z < dz; z++) {
          for (let y = 0; y < dy; y++) {
            let o = (((gz + z) * ny + gy + y) * nx + gx) * width;
            const end = o + dx * width;
            if (bits === 0) {
              const low = words[table]!;
              if (width === 1) for (; o < end; o++) output[o] = low;
              else {
                const high = words[table + 1]!;
                for (; o < end; o += 2) {
                  output[o] = low;
                  output[o + 1] = high;
                }
              }
              continue;
            }
            const bit = (z * by + y) * bx * bits;
            let at = values + (bit >>> 5);
            let word = words[at]! >>> (bit & 31);
            let left = 32 - (bit & 31);
            for (; o < end; o += width) {
              if (left === 0) {
                word = words[++at]!;
                left = 32;
              }
              const index = (word & mask) >>> 0;
              word >>>= bits;
              left -= bits;
              if (index >= entries) throw damaged(`value ${index} at z ${gz + z}, y ${gy + y} is behind the last word`);
              output[o] = words[table + index * width]!;
              if (width === 2) output[o + 1] = words[table + 2 * index + 1]!;
            }
          }
        }
      }
    }
  }
}

export function damaged(what: string): KernelError {
  return new KernelError(
    "E_CODEC_DAMAGED",
    `compressed_segmentation: ${what}; the bytes are damaged, or the shape, type or block size is another`,
  );
}
