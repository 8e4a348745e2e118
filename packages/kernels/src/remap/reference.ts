/** Plain versions of the remap kernels: a bigint and a map access per voxel. */
type Labels = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

export function uniqueReference(labels: Labels): bigint[] {
  return [...new Set(Array.from(labels, BigInt))].sort((p, q) => (p < q ? -1 : 1));
}

export function renumberReference(labels: Labels): { labels: Uint32Array; ids: BigUint64Array } {
  const numbers = new Map<bigint, number>([[0n, 0]]);
  const out = Uint32Array.from(Array.from(labels, BigInt), (label) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label)!;
  });
  return { labels: out, ids: BigUint64Array.from(numbers.keys()) };
}

export function remapReference(labels: BigUint64Array, from: BigUint64Array, to: BigUint64Array): BigUint64Array {
  const table = new Map(Array.from(from, (label, k) => [label, to[k]!]));
  return labels.map((label) => table.get(label) ?? label);
}
