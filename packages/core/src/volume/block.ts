/** A contiguous block of voxels, C order, [z, y, x]; x varies fastest. */
import { type Box, intersect, isEmpty, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";

export type VoxelArray = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array;
export type Dtype = "uint8" | "uint16" | "uint32" | "uint64" | "float32";

export interface Block<T extends VoxelArray = VoxelArray> {
  readonly data: T;
  readonly shape: Vec3;
}

export const BYTES_PER_VOXEL: Readonly<Record<Dtype, number>> = { uint8: 1, uint16: 2, uint32: 4, uint64: 8, float32: 4 };

/** The data type of an array. */
export function dtypeOf(data: VoxelArray): Dtype {
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Uint16Array) return "uint16";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof BigUint64Array) return "uint64";
  return "float32";
}

/** A zero-filled array of `length` voxels. */
export function allocate(dtype: Dtype, length: number): VoxelArray {
  switch (dtype) {
    case "uint8":
      return new Uint8Array(length);
    case "uint16":
      return new Uint16Array(length);
    case "uint32":
      return new Uint32Array(length);
    case "uint64":
      return new BigUint64Array(length);
    case "float32":
      return new Float32Array(length);
  }
}

/** The bytes of an array, without a copy. */
export function bytesOf(data: VoxelArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** Views bytes as voxels, without a copy where the alignment allows. Little endian, as every machine that Node.js supports well. */
export function voxelsOf(bytes: Uint8Array, dtype: Dtype): VoxelArray {
  const size = BYTES_PER_VOXEL[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // a Buffer's slice would be a view
  const { buffer, byteOffset } = aligned;
  const length = Math.floor(aligned.byteLength / size);
  switch (dtype) {
    case "uint8":
      return new Uint8Array(buffer, byteOffset, length);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, length);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, length);
    case "uint64":
      return new BigUint64Array(buffer, byteOffset, length);
    case "float32":
      return new Float32Array(buffer, byteOffset, length);
  }
}

/** Copies the part that both boxes share from one block into another. `sourceBox`, `targetBox`: where the blocks lie. */
export function copyIntersection(source: Block, sourceBox: Box, target: Block, targetBox: Box): void {
  const common = intersect(sourceBox, targetBox);
  if (isEmpty(common)) return;
  const [, sy, sx] = source.shape;
  const [, ty, tx] = target.shape;
  const width = common.stop[2] - common.start[2];
  const from = source.data as Uint8Array; // any one type: both sides have the same
  const to = target.data as Uint8Array;
  for (let z = common.start[0]; z < common.stop[0]; z++) {
    for (let y = common.start[1]; y < common.stop[1]; y++) {
      const s = ((z - sourceBox.start[0]) * sy + (y - sourceBox.start[1])) * sx + (common.start[2] - sourceBox.start[2]);
      const t = ((z - targetBox.start[0]) * ty + (y - targetBox.start[1])) * tx + (common.start[2] - targetBox.start[2]);
      to.set(from.subarray(s, s + width), t);
    }
  }
}

/** A new block with the voxels of `inner`; both boxes in the same coordinates, `inner` inside `outer`. */
export function crop<T extends VoxelArray>(source: Block<T>, outer: Box, inner: Box): Block<T> {
  const shape = shapeOf(inner);
  const target = { data: allocate(dtypeOf(source.data), volumeOf(shape)) as T, shape };
  copyIntersection(source, outer, target, inner);
  return target;
}
