/**
 * Connected components from runs along x.
 *
 * 1. Each row is cut into runs of equal labels; a run is the unit of all further work (25 voxels in dense EM segmentations).
 * 2. A row is walked together with the neighbour rows before it in scan order; touching runs of one label are joined in a
 *    union-find forest whose roots are the first runs of their trees.
 * 3. As parents come before children, one ascending pass numbers the trees in scan order; another paints `out`.
 *
 *     neighbour row │5 5 5│7 7│5 5 5 5│      reach 0: the 5s on the left touch, the 7s touch
 *     this row      │5 5│7 7 7│0 0│5│7│      reach 1: also runs of which one ends where the other begins (a diagonal)
 *
 *                       z-1          z
 *     neighbour rows  y-1 y y+1     y-1      6: only the straight two (y of z-1, y-1 of z), reach 0
 *                                            18: straight with reach 1, oblique (y-1, y+1 of z-1) with reach 0 · 26: all, reach 1
 *
 * O(voxels + runs · α(runs)) time, at most 16 bytes a run beyond the output. References: R. Tarjan, J. ACM 22 (1975), union-find;
 * L. He, Y. Chao, K. Suzuki, IEEE Trans. Image Process. 17 (2008), labelling by runs.
 */
import type { Shape3 } from "../shape.ts";
import type { Connectivity } from "./connectivity.ts";
import { RunList } from "./run-list.ts";

/** Paints the components of `labels` into `out` and returns how many there are. No size of the shape is 0. */
export function components(
  labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array,
  [nz, ny, nx]: Shape3,
  connectivity: Connectivity,
  out: Uint32Array,
): number {
  const area = ny * nx;
  const straight = connectivity === 6 ? 0 : 1;
  const oblique = connectivity === 26 ? 1 : 0;
  const runs = new RunList(labels, nx);
  let above = new Uint32Array(ny); // first run of every row of slice z-1
  let here = new Uint32Array(ny);
  for (let z = 0; z < nz; z++) {
    runs.addSlice(z * area, area, here);
    for (let y = 0; y < ny; y++) {
      if (y > 0) joinRows(runs, here[y]!, here[y - 1]!, straight);
      if (z === 0) continue;
      joinRows(runs, here[y]!, above[y]!, straight);
      if (connectivity === 6) continue;
      if (y > 0) joinRows(runs, here[y]!, above[y - 1]!, oblique);
      if (y + 1 < ny) joinRows(runs, here[y]!, above[y + 1]!, oblique);
    }
    [above, here] = [here, above];
  }
  const count = numberTrees(runs);
  paint(runs, out);
  return count;
}

/** Joins the touching runs of two rows that begin with runs `a` and `b`. */
function joinRows(runs: RunList, a: number, b: number, reach: number): void {
  const { end, low, high, parent, nx } = runs;
  for (;;) {
    if (low[a] === low[b] && high[a] === high[b] && (low[a] !== 0 || high[a] !== 0)) unite(parent, a, b);
    const endA = end[a]!;
    const endB = end[b]!;
    if (endA < endB) a++;
    else if (endB < endA) b++;
    else {
      if (endA === nx) return;
      if (reach === 1) {
        if (low[a + 1] === low[b] && high[a + 1] === high[b]) unite(parent, a + 1, b);
        if (low[a] === low[b + 1] && high[a] === high[b + 1]) unite(parent, a, b + 1);
      }
      a++;
      b++;
    }
  }
}

function unite(parent: Uint32Array, a: number, b: number): void {
  if (parent[a] === parent[b]) return;
  const p = rootOf(parent, a);
  const q = rootOf(parent, b);
  if (p < q) parent[q] = p;
  else parent[p] = q;
}

/** Halves the path on the way. */
function rootOf(parent: Uint32Array, run: number): number {
  let p = parent[run]!;
  while (p !== run) {
    const grand = parent[p]!;
    parent[run] = grand;
    run = grand;
    p = parent[run]!;
  }
  return run;
}

/** Replaces each parent by the number of its tree, 0 for background; returns the number of trees. */
function numberTrees({ parent, low, high, size }: RunList): number {
  let count = 0;
  for (let run = 0; run < size; run++) {
    if (low[run] === 0 && high[run] === 0) parent[run] = 0;
    else parent[run] = parent[run] === run ? ++count : parent[parent[run]!]!;
  }
  return count;
}

function paint({ parent, end, size, nx }: RunList, out: Uint32Array): void {
  let row = 0;
  let from = 0;
  for (let run = 0; run < size; run++) {
    const value = parent[run]!;
    const x = end[run]!;
    const to = row + x;
    if (to - from > 48) out.fill(value, from, to);
    else for (let i = from; i < to; i++) out[i] = value;
    from = to;
    if (x === nx) row = to;
  }
}
