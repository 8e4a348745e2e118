/** The walk over both volumes. Arguments are not checked: `a` and `b` have one length. */
import type { PairTable } from "../hash/pair-table.ts";

/** Adds the voxels of every pair of labels to the table's counts; pairs with a 0 only where `zeros`. */
export function count(a: Uint32Array, b: Uint32Array, zeros: boolean, table: PairTable): void {
  const n = a.length;
  for (let i = 0; i < n; ) {
    const p = a[i]!;
    const q = b[i]!;
    const start = i;
    do i++;
    while (i < n && a[i] === p && b[i] === q);
    if (zeros || (p !== 0 && q !== 0)) table.add(p, q, 0, i - start);
  }
}
