/**
 * Region adjacency graph of a label volume with the mean level of every contact.
 *
 * Idea: every voxel is compared with its neighbours at x - 1, y - 1 and z - 1, so that each of the 6-neighbour contacts is seen
 * once; most are equal. Contacts of one pair come in rows and patches, so each direction keeps its last pair and adds to
 * two locals; only a change of pair costs a hash access. O(voxels + changes + edges · log edges).
 *
 *          z-1   y-1
 *            \   |
 *             \  |        each contact of two different non-zero labels p | q adds
 *      x-1 ---- voxel     level(p) + level(q) to `sum` and 2 to `count`
 *
 *     const { u, v, sum, count } = regionGraph(supervoxels, membrane, shape);   // mean of edge i: sum[i] / count[i]
 */
import { checkLength } from "../errors.ts";
import { PairTable } from "../hash/pair-table.ts";
import type { Shape3 } from "../shape.ts";

/** Edges u < v, sorted by (u, v). `sum` and `count` are integers. */
export interface RegionGraph {
  u: Uint32Array;
  v: Uint32Array;
  sum: Float64Array;
  count: Float64Array;
}

/** Contacts of different non-zero labels over 6 neighbours, with the levels on both sides of the contact. */
export function regionGraph(labels: Uint32Array, levels: Uint8Array | Uint16Array, shape: Shape3): RegionGraph {
  checkLength("regionGraph labels", labels.length, shape);
  checkLength("regionGraph levels", levels.length, shape);
  const table = new PairTable();
  scan(labels, levels, shape, table);
  const { a, b, sum, count } = table.sorted();
  return { u: a, v: b, sum, count };
}

function scan(labels: Uint32Array, levels: Uint8Array | Uint16Array, shape: Shape3, table: PairTable): void {
  const [nz, ny, nx] = shape;
  const slice = ny * nx;
  const along = new LastPair(table);
  const across = new LastPair(table);
  const down = new LastPair(table);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const end = i + nx;
      let before = 0;
      for (; i < end; i++) {
        const p = labels[i]!;
        if (p !== before) {
          if (p !== 0 && before !== 0) along.add(p, before, levels[i]! + levels[i - 1]!);
          before = p;
        }
        if (p === 0) continue;
        if (y > 0) {
          const q = labels[i - nx]!;
          if (p !== q && q !== 0) across.add(p, q, levels[i]! + levels[i - nx]!);
        }
        if (z > 0) {
          const q = labels[i - slice]!;
          if (p !== q && q !== 0) down.add(p, q, levels[i]! + levels[i - slice]!);
        }
      }
    }
  }
  along.flush();
  across.flush();
  down.flush();
}

/** Totals of the last pair of one direction, not yet in the table. */
class LastPair {
  private p = 0;
  private q = 0;
  private sum = 0;
  private count = 0;
  private readonly table: PairTable;

  constructor(table: PairTable) {
    this.table = table;
  }

  add(p: number, q: number, sum: number): void {
    if (p !== this.p || q !== this.q) {
      this.flush();
      this.p = p;
      this.q = q;
    }
    this.sum += sum;
    this.count += 2;
  }

  flush(): void {
    const { p, q } = this;
    if (this.count > 0) this.table.add(Math.min(p, q), Math.max(p, q), this.sum, this.count);
    this.sum = 0;
    this.count = 0;
  }
}
