/** Runs of equal labels along x, in scan order; every voxel of a row is in one, label 0 included. */
export class RunList {
  /** x after the last voxel of a run; a row's last run ends at `nx`. */
  end: Uint32Array = new Uint32Array(1024);
  /** Label of a run; `high` holds the upper words of 64-bit labels and is `low` itself otherwise. */
  low: Uint32Array = new Uint32Array(1024);
  high: Uint32Array;
  /** Union-find forest: parent[r] <= r. */
  parent: Uint32Array = new Uint32Array(1024);
  size = 0;
  readonly nx: number;
  private readonly labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array;
  private readonly wide: boolean;
  private slice: Uint32Array = new Uint32Array(0);

  constructor(labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array, nx: number) {
    this.labels = labels;
    this.nx = nx;
    this.wide = labels instanceof BigUint64Array;
    this.high = this.wide ? new Uint32Array(1024) : this.low;
  }

  /** Appends the runs of `area` voxels from `start` on, and writes the index of each row's first run to `rows`. */
  addSlice(start: number, area: number, rows: Uint32Array): void {
    this.reserve(this.size + area);
    const words = this.wordsOf(start, area);
    this.size = this.wide ? this.cutWide(words, area, rows) : this.cut(words, area, rows);
  }

  /** A slice as uint32, so that the loops below see one element type only. */
  private wordsOf(start: number, area: number): Uint32Array {
    const part = this.labels.subarray(start, start + area);
    if (part instanceof Uint32Array) return part;
    if (part instanceof BigUint64Array) return new Uint32Array(part.buffer, part.byteOffset, 2 * area);
    if (this.slice.length !== area) this.slice = new Uint32Array(area);
    this.slice.set(part);
    return this.slice;
  }

  private cut(words: Uint32Array, area: number, rows: Uint32Array): number {
    const { end, low, parent, nx } = this;
    let run = this.size;
    for (let row = 0, y = 0; row < area; row += nx, y++) {
      rows[y] = run;
      let label = words[row]!;
      for (let x = 1; x < nx; x++) {
        const next = words[row + x]!;
        if (next !== label) {
          end[run] = x;
          low[run] = label;
          parent[run] = run++;
          label = next;
        }
      }
      end[run] = nx;
      low[run] = label;
      parent[run] = run++;
    }
    return run;
  }

  private cutWide(words: Uint32Array, area: number, rows: Uint32Array): number {
    const { end, low, high, parent, nx } = this;
    let run = this.size;
    for (let row = 0, y = 0; row < area; row += nx, y++) {
      rows[y] = run;
      for (let x = 0; x < nx; ) {
        const a = words[2 * (row + x)]!; // low word first: little endian
        const b = words[2 * (row + x) + 1]!;
        do x++;
        while (x < nx && words[2 * (row + x)] === a && words[2 * (row + x) + 1] === b);
        end[run] = x;
        low[run] = a;
        high[run] = b;
        parent[run] = run++;
      }
    }
    return run;
  }

  private reserve(size: number): void {
    if (size <= this.end.length) return;
    const length = Math.max(size, Math.ceil(this.end.length * 1.5));
    const enlarge = (old: Uint32Array) => {
      const enlarged = new Uint32Array(length);
      enlarged.set(old.subarray(0, this.size));
      return enlarged;
    };
    this.end = enlarge(this.end);
    this.low = enlarge(this.low);
    this.high = this.wide ? enlarge(this.high) : this.low;
    this.parent = enlarge(this.parent);
  }
}
