/** Plain versions of the downsampling kernels: the list of each window's values, then its mode or mean. */
import type { Shape3 } from "../shape.ts";

type Voxels = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array;

function windows(voxels: Voxels, shape: Shape3, factors: Shape3): (number | bigint)[][] {
  const coarse = shape.map((n, axis) => Math.ceil(n / factors[axis]!));
  const lists: (number | bigint)[][] = Array.from({ length: coarse[0]! * coarse[1]! * coarse[2]! }, () => []);
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++) {
        const [cz, cy, cx] = [z, y, x].map((n, axis) => Math.floor(n / factors[axis]!)) as [number, number, number];
        lists[(cz * coarse[1]! + cy) * coarse[2]! + cx]!.push(voxels[(z * shape[1] + y) * shape[2] + x]!);
      }
    }
  }
  return lists;
}

export function modeReference(labels: Voxels, shape: Shape3, factors: Shape3, ignoreZero = false): bigint[] {
  return windows(labels, shape, factors).map((list) => {
    const counts = new Map<bigint, number>();
    for (const label of list) counts.set(BigInt(label), (counts.get(BigInt(label)) ?? 0) + 1);
    if (ignoreZero && counts.size > 1) counts.delete(0n);
    const sorted = [...counts].sort(([p, m], [q, n]) => n - m || (p < q ? -1 : 1));
    return sorted[0]![0];
  });
}

export function meanReference(values: Voxels, shape: Shape3, factors: Shape3): number[] {
  return windows(values, shape, factors).map((list) => {
    if (values instanceof Float32Array)
      return Math.fround(list.reduce<number>((sum, value) => sum + Number(value), 0) / list.length);
    const sum = list.reduce<bigint>((total, value) => total + BigInt(value), 0n);
    const count = BigInt(list.length);
    return Number((2n * sum + count) / (2n * count));
  });
}
