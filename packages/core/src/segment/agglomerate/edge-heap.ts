/** A lazy binary heap of edges: smallest mean first, then the smaller first id, then the smaller second id. */
import { compareFractions } from "./fractions.ts";

/** Sum and count of the contacts between segments a < b. `version` rises with every change; -1 = the edge is no more. */
export interface Edge {
  a: number;
  b: number;
  sum: number;
  count: number;
  version: number;
}

/** An edge as it was when it was pushed. */
interface Entry extends Readonly<Edge> {
  readonly edge: Edge;
}

/** A binary heap of edges, the smallest mean first. */
export class EdgeHeap {
  readonly #entries: Entry[] = [];

  push(edge: Edge): void {
    const entries = this.#entries;
    const entry: Entry = { ...edge, edge };
    let at = entries.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  /** The first edge that has not changed since it was pushed; null when none is left. */
  pop(): Edge | null {
    for (let entry = this.#popEntry(); entry !== null; entry = this.#popEntry()) {
      if (entry.version === entry.edge.version) return entry.edge;
    }
    return null;
  }

  #popEntry(): Entry | null {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined) return null;
    const size = entries.length;
    if (size === 0) return first;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, last)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
    return first;
  }
}

function before(x: Entry, y: Entry): boolean {
  const order = compareFractions(x.sum, x.count, y.sum, y.count);
  if (order !== 0) return order < 0;
  return x.a !== y.a ? x.a < y.a : x.b < y.b;
}
