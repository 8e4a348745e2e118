/**
 * How often a ground-truth label and a segmentation label lie in the same voxel. Counted block by block; memory follows the number of
 * distinct pairs, not of voxels. What comes out does not depend on the blocks or their order.
 */
import { countOverlaps, renumber } from "@axonloom/kernels";
import { AxonloomError } from "../errors.ts";
import { InternedIds } from "./interned-ids.ts";

export type Labels = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

export interface Contingency {
  /** Labels of each side, sorted; 0 is the first of them even where no voxel has it. */
  readonly truthIds: BigUint64Array;
  readonly segmentIds: BigUint64Array;
  /** Pairs sorted by (truth, segment): positions in the lists above, and their voxels (integers below 2^53). */
  readonly truth: Uint32Array;
  readonly segment: Uint32Array;
  readonly voxels: Float64Array;
}

/** Counts of (ground truth, segmentation) pairs. Throws `E_EVALUATE` for blocks of different sizes and for more than 2^24 labels a side. */
export class ContingencyTable {
  readonly #truth = new InternedIds("ground truth");
  readonly #segment = new InternedIds("segmentation");
  /** By position of the truth's label: voxels by position of the segment. */
  readonly #rows: Map<number, number>[] = [];

  /** Adds a block: labels of the same voxels, in any order of blocks, each voxel once. */
  addBlock(truth: Labels, segmentation: Labels): void {
    if (truth.length !== segmentation.length) {
      throw new AxonloomError("E_EVALUATE", `expected blocks of one size, found ${truth.length} and ${segmentation.length} voxels`);
    }
    const t = renumber(truth);
    const s = renumber(segmentation);
    const truthAt = Array.from(t.ids, (id) => this.#truth.positionOf(id));
    const segmentAt = Array.from(s.ids, (id) => this.#segment.positionOf(id));
    const { a, b, voxels } = countOverlaps(t.labels, s.labels, { includeZero: true });
    for (let i = 0; i < voxels.length; i++) {
      const at = truthAt[a[i]!]!;
      this.#rows[at] ??= new Map();
      const row = this.#rows[at];
      const segment = segmentAt[b[i]!]!;
      row.set(segment, (row.get(segment) ?? 0) + voxels[i]!);
    }
  }

  /** The counts so far, sorted. */
  sorted(): Contingency {
    const truth = this.#truth.ranked();
    const segment = this.#segment.ranked();
    const pairs = this.#rows.reduce((sum, row) => sum + row.size, 0);
    const sorted = { truth: new Uint32Array(pairs), segment: new Uint32Array(pairs), voxels: new Float64Array(pairs) };
    let at = 0;
    truth.order.forEach((position, t) => {
      const row = Array.from(this.#rows[position] ?? [], ([s, voxels]) => ({ s: segment.rank[s]!, voxels }));
      for (const { s, voxels } of row.sort((p, q) => p.s - q.s)) {
        sorted.truth[at] = t;
        sorted.segment[at] = s;
        sorted.voxels[at] = voxels;
        at += 1;
      }
    });
    return { truthIds: truth.ids, segmentIds: segment.ids, ...sorted };
  }
}
