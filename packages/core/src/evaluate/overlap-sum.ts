/**
 * The overlaps of two labellings, summed over subvolumes: how many voxels each pair of ids has in common, and the first of them in the
 * order z, y, x. Memory follows the number of pairs. The sum does not depend on the order of what is added.
 */
import type { Contingency } from "./contingency-table.ts";
import { InternedIds } from "./interned-ids.ts";

/** Pairs of bodies; ids sorted, pairs sorted by (truth, segment). */
export interface Overlaps extends Contingency {
  /** Of each pair, the number of a place: the smallest of those added. */
  readonly first: Float64Array;
}

/** Overlaps of pieces: positions in two lists of ids. Ids may repeat, pairs need not be sorted. */
export interface PieceOverlaps {
  readonly truth: Uint32Array;
  readonly segment: Uint32Array;
  readonly voxels: Float64Array;
  readonly first: Float64Array;
}

interface Cell {
  voxels: number;
  first: number;
}

export class OverlapSum {
  readonly #truth = new InternedIds("ground truth");
  readonly #segment = new InternedIds("segmentation");
  readonly #rows: Map<number, Cell>[] = [];

  /** Adds pairs of pieces whose ids are `truthIds[k]` and `segmentIds[k]`. */
  add(truthIds: BigUint64Array, segmentIds: BigUint64Array, pairs: PieceOverlaps): void {
    const truthAt = Array.from(truthIds, (id) => this.#truth.positionOf(id));
    const segmentAt = Array.from(segmentIds, (id) => this.#segment.positionOf(id));
    for (let i = 0; i < pairs.voxels.length; i++) {
      const at = truthAt[pairs.truth[i]!]!;
      this.#rows[at] ??= new Map();
      const row = this.#rows[at];
      const segment = segmentAt[pairs.segment[i]!]!;
      const cell = row.get(segment);
      if (cell === undefined) {
        row.set(segment, { voxels: pairs.voxels[i]!, first: pairs.first[i]! });
      } else {
        cell.voxels += pairs.voxels[i]!;
        cell.first = Math.min(cell.first, pairs.first[i]!);
      }
    }
  }

  sorted(): Overlaps {
    const truth = this.#truth.ranked();
    const segment = this.#segment.ranked();
    const pairs = this.#rows.reduce((sum, row) => sum + row.size, 0);
    const sorted = {
      truth: new Uint32Array(pairs),
      segment: new Uint32Array(pairs),
      voxels: new Float64Array(pairs),
      first: new Float64Array(pairs),
    };
    let at = 0;
    truth.order.forEach((position, t) => {
      const row = Array.from(this.#rows[position] ?? [], ([s, cell]) => ({ s: segment.rank[s]!, cell }));
      for (const { s, cell } of row.sort((p, q) => p.s - q.s)) {
        sorted.truth[at] = t;
        sorted.segment[at] = s;
        sorted.voxels[at] = cell.voxels;
        sorted.first[at] = cell.first;
        at += 1;
      }
    });
    return { truthIds: truth.ids, segmentIds: segment.ids, ...sorted };
  }
}
