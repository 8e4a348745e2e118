/** The scan over all contacts. Arguments are not checked: `labels` and `levels` fill the shape. */
import type { PairTable } from "../hash/pair-table.ts";
import type { Shape3 } from "../shape.ts";

/** Adds the levels on both sides of every contact of different non-zero labels to the table, under (smaller, larger label). */
export function scan(labels: Uint32Array, levels: Uint8Array | Uint16Array, shape: Shape3, table: PairTable): void {
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
