/** Plain codec of DVID's label block, written from the public description alone: one voxel at a time, bits as text. */
import type { Shape3 } from "../shape.ts";

/** Voxels of each sub-block of `shape`, x fastest. */
function* subBlocks([nz, ny, nx]: Shape3): Generator<number[]> {
  for (let z = 0; z < nz; z += 8) {
    for (let y = 0; y < ny; y += 8) {
      for (let x = 0; x < nx; x += 8) {
        yield Array.from({ length: 512 }, (_, i) => ((z + (i >> 6)) * ny + y + ((i >> 3) & 7)) * nx + x + (i & 7));
      }
    }
  }
}

const bitsOf = (labels: number) => Math.ceil(Math.log2(Math.max(labels, 1)));
const ascending = (p: bigint, q: bigint) => (p < q ? -1 : p > q ? 1 : 0);

export function encodeReference(labels: readonly bigint[], shape: Shape3): Uint8Array {
  const table = [...new Set(labels)].sort(ascending);
  const bytes: number[] = [];
  const put = (value: bigint, size: number) => {
    for (let k = 0; k < size; k++) bytes.push(Number((value >> BigInt(8 * k)) & 255n));
  };
  for (const n of [shape[2] / 8, shape[1] / 8, shape[0] / 8, table.length]) put(BigInt(n), 4);
  for (const label of table) put(label, 8);
  if (table.length === 1) return Uint8Array.from(bytes);
  const voxels = [...subBlocks(shape)].map((places) => places.map((place) => labels[place]!));
  const lists = voxels.map((block) => [...new Set(block)].sort(ascending));
  for (const list of lists) put(BigInt(list.length), 2);
  for (const list of lists) for (const label of list) put(BigInt(table.indexOf(label)), 4);
  voxels.forEach((block, s) => {
    const bits = bitsOf(lists[s]!.length);
    const text = block.map((label) => (bits === 0 ? "" : lists[s]!.indexOf(label).toString(2).padStart(bits, "0"))).join("");
    for (let k = 0; k < text.length; k += 8) bytes.push(Number.parseInt(text.slice(k, k + 8), 2));
  });
  return Uint8Array.from(bytes);
}

/** Assumes sound bytes. */
export function decodeReference(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [gx, gy, gz, n] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number, number];
  const shape: Shape3 = [gz * 8, gy * 8, gx * 8];
  const table = Array.from({ length: n }, (_, k) => view.getBigUint64(16 + 8 * k, true));
  const labels: bigint[] = new Array(shape[0] * shape[1] * shape[2]).fill(n === 1 ? table[0] : 0n);
  if (n === 1) return labels;
  const countsAt = 16 + 8 * n;
  let listAt = countsAt + 2 * gx * gy * gz;
  let valueAt = listAt;
  for (let s = 0; s < gx * gy * gz; s++) valueAt += 4 * view.getUint16(countsAt + 2 * s, true);
  let s = 0;
  for (const places of subBlocks(shape)) {
    const count = view.getUint16(countsAt + 2 * s++, true);
    const bits = bitsOf(count);
    const text = Array.from(bytes.subarray(valueAt, valueAt + 64 * bits), (b) => b.toString(2).padStart(8, "0")).join("");
    places.forEach((place, i) => {
      const value = bits === 0 ? 0 : Number.parseInt(text.slice(i * bits, (i + 1) * bits), 2);
      if (count > 0) labels[place] = table[view.getUint32(listAt + 4 * value, true)]!;
    });
    listAt += 4 * count;
    valueAt += 64 * bits;
  }
  return labels;
}
