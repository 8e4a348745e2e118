/**
 * Plain decoder of compressed_segmentation, written from the public description alone: one voxel at a time, bit by bit.
 * It assumes sound bytes.
 */
import type { Shape3 } from "../shape.ts";

export function decodeReference(bytes: Uint8Array, shape: Shape3, wide: boolean, blockSize: Shape3): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number) => view.getUint32(index * 4, true);
  const channel = word(0);
  const grid = shape.map((n, axis) => Math.ceil(n / blockSize[axis]!));
  const labels: bigint[] = [];
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++) {
        const [gz, gy, gx] = [z, y, x].map((n, axis) => Math.floor(n / blockSize[axis]!)) as [number, number, number];
        const [iz, iy, ix] = [z, y, x].map((n, axis) => n % blockSize[axis]!) as [number, number, number];
        const header = channel + 2 * ((gz * grid[1]! + gy) * grid[2]! + gx);
        const tableOffset = word(header) % 2 ** 24;
        const bits = Math.floor(word(header) / 2 ** 24);
        const valuesOffset = word(header + 1);
        const position = ((iz * blockSize[1] + iy) * blockSize[2] + ix) * bits;
        let index = 0;
        for (let bit = 0; bit < bits; bit++) {
          const at = position + bit;
          index += 2 ** bit * (Math.floor(word(channel + valuesOffset + Math.floor(at / 32)) / 2 ** (at % 32)) % 2);
        }
        const entry = channel + tableOffset + index * (wide ? 2 : 1);
        labels.push(BigInt(word(entry)) + (wide ? BigInt(word(entry + 1)) << 32n : 0n));
      }
    }
  }
  return labels;
}
