/**
 * DVID's label block, decoded and encoded on its own (nothing of the program's codec): sub-blocks of 8³, each with its own short list of
 * indices into the block's label table, values packed most significant bit first. Layout: section 1.7 of the specification.
 */
export type Xyz = readonly [number, number, number];

export interface LabelBlock {
  /** Voxels x, y, z. */
  readonly size: Xyz;
  /** The table as it stands in the bytes: any order, duplicates and unused entries included. */
  readonly table: BigUint64Array;
  /** Index into the table of each voxel, x fastest. */
  readonly indices: Uint32Array;
}

const SIDE = 8;
const HEADER = 16;

/** Throws when the bytes would make the server stop or read beyond them. */
export function decodeBlock(bytes: Uint8Array): LabelBlock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [gx, gy, gz, count] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number, number];
  const size: Xyz = [gx * SIDE, gy * SIDE, gz * SIDE];
  if (count === 0 || gx * gy * gz === 0 || gx * gy * gz > 1 << 20) throw new Error("block header out of range");
  const table = new BigUint64Array(count);
  for (let i = 0; i < count; i++) table[i] = view.getBigUint64(HEADER + 8 * i, true);
  const indices = new Uint32Array(size[0] * size[1] * size[2]);
  if (count === 1) return { size, table, indices };

  const subBlocks = gx * gy * gz;
  const listLengths = HEADER + 8 * count;
  let list = listLengths + 2 * subBlocks;
  let values = list;
  for (let s = 0; s < subBlocks; s++) values += 4 * view.getUint16(listLengths + 2 * s, true);
  let zero = -1;
  const widened: bigint[] = [];
  for (let s = 0; s < subBlocks; s++) {
    const entries = view.getUint16(listLengths + 2 * s, true);
    const x0 = (s % gx) * SIDE;
    const y0 = (Math.floor(s / gx) % gy) * SIDE;
    const z0 = Math.floor(s / (gx * gy)) * SIDE;
    const bits = entries <= 1 ? 0 : 32 - Math.clz32(entries - 1);
    if (entries === 0 && zero < 0) {
      zero = table.indexOf(0n);
      if (zero < 0) zero = count + widened.push(0n) - 1;
    }
    let bit = 0;
    if (bits === 0) {
      const index = entries === 0 ? zero : view.getUint32(list, true);
      if (index >= count + widened.length) throw new Error(`index ${index} beyond the ${count} labels of the table`);
      for (let z = z0; z < z0 + SIDE; z++)
        for (let y = y0; y < y0 + SIDE; y++)
          indices.fill(index, (z * size[1] + y) * size[0] + x0, (z * size[1] + y) * size[0] + x0 + SIDE);
      list += 4 * entries;
      continue;
    }
    for (let z = z0; z < z0 + SIDE; z++)
      for (let y = y0; y < y0 + SIDE; y++)
        for (let x = x0; x < x0 + SIDE; x++) {
          let value = 0;
          for (let b = 0; b < bits; b++, bit++) value = (value << 1) | ((bytes[values + (bit >> 3)]! >> (7 - (bit & 7))) & 1);
          if (value >= entries) throw new Error(`value ${value} of ${entries} in sub-block ${s}`);
          const index = view.getUint32(list + 4 * value, true);
          if (index >= count) throw new Error(`index ${index} beyond the ${count} labels of the table`);
          indices[(z * size[1] + y) * size[0] + x] = index;
        }
    list += 4 * entries;
    values += 64 * bits;
    if (values > bytes.length) throw new Error("the block's bytes end early");
  }
  return { size, table: widened.length === 0 ? table : BigUint64Array.from([...table, ...widened]), indices };
}

/** The labels themselves, x fastest. */
export function voxelsOf({ table, indices }: LabelBlock): BigUint64Array {
  const voxels = new BigUint64Array(indices.length);
  if (table.length === 1) return voxels.fill(table[0]!);
  for (let i = 0; i < voxels.length; i++) voxels[i] = table[indices[i]!]!;
  return voxels;
}

/** Table in order of appearance, as the server itself encodes. */
export function encodeBlock(voxels: BigUint64Array, size: Xyz): Uint8Array {
  const [nx, ny, nz] = size;
  const [gx, gy, gz] = [nx / SIDE, ny / SIDE, nz / SIDE];
  if (voxels.every((label) => label === voxels[0])) {
    const solid = new Uint8Array(HEADER + 8);
    const view = new DataView(solid.buffer);
    for (const [i, value] of [gx, gy, gz, 1].entries()) view.setUint32(4 * i, value, true);
    view.setBigUint64(HEADER, voxels[0]!, true);
    return solid;
  }
  const places = new Map<bigint, number>();
  const lists: number[][] = [];
  const packed: number[] = [];
  for (let sz = 0; sz < gz; sz++)
    for (let sy = 0; sy < gy; sy++)
      for (let sx = 0; sx < gx; sx++) {
        const list: number[] = [];
        const values: number[] = [];
        let [last, lastValue] = [-1n, 0];
        for (let z = sz * SIDE; z < (sz + 1) * SIDE; z++)
          for (let y = sy * SIDE; y < (sy + 1) * SIDE; y++)
            for (let x = sx * SIDE; x < (sx + 1) * SIDE; x++) {
              const label = voxels[(z * ny + y) * nx + x]!;
              if (label === last) {
                values.push(lastValue);
                continue;
              }
              const place = places.get(label) ?? places.size;
              places.set(label, place);
              let value = list.indexOf(place);
              if (value < 0) value = list.push(place) - 1;
              values.push(value);
              [last, lastValue] = [label, value];
            }
        lists.push(list);
        const bits = list.length <= 1 ? 0 : 32 - Math.clz32(list.length - 1);
        let byte = 0;
        let filled = 0;
        for (const value of bits === 0 ? [] : values)
          for (let b = bits - 1; b >= 0; b--) {
            byte = (byte << 1) | ((value >> b) & 1);
            if (++filled === 8) {
              packed.push(byte);
              [byte, filled] = [0, 0];
            }
          }
      }
  const labels = [...places.keys()];
  const entries = lists.reduce((sum, list) => sum + list.length, 0);
  const bytes = new Uint8Array(HEADER + 8 * labels.length + 2 * lists.length + 4 * entries + packed.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of [gx, gy, gz, labels.length].entries()) view.setUint32(4 * i, value, true);
  for (const [i, label] of labels.entries()) view.setBigUint64(HEADER + 8 * i, label, true);
  let at = HEADER + 8 * labels.length;
  for (const list of lists) {
    view.setUint16(at, list.length, true);
    at += 2;
  }
  for (const list of lists)
    for (const place of list) {
      view.setUint32(at, place, true);
      at += 4;
    }
  bytes.set(packed, at);
  return bytes;
}

/** A copy whose table entries went through `map`: how the server applies a mapping, so entries may come twice. */
export function relabelled(bytes: Uint8Array, map: (label: bigint) => bigint): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const count = view.getUint32(12, true);
  for (let i = 0; i < count; i++) view.setBigUint64(HEADER + 8 * i, map(view.getBigUint64(HEADER + 8 * i, true)), true);
  return copy;
}

/** Labels of the table, used or not. */
export function tableOf(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: view.getUint32(12, true) }, (_, i) => view.getBigUint64(HEADER + 8 * i, true));
}

/** Distinct labels with their voxels. */
export function countLabels(block: LabelBlock): Map<bigint, number> {
  const perEntry = new Uint32Array(block.table.length);
  for (const index of block.indices) perEntry[index]!++;
  const counts = new Map<bigint, number>();
  for (const [index, voxels] of perEntry.entries()) {
    const label = block.table[index]!;
    if (voxels > 0) counts.set(label, (counts.get(label) ?? 0) + voxels);
  }
  return counts;
}
