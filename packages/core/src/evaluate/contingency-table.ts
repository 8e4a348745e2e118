/**
 * How often a ground-truth label and a segmentation label lie in the same voxel. Counted block by block; memory follows the number of
 * distinct pairs, not of voxels. What comes out does not depend on the blocks or their order.
 */
import { countOverlaps, renumber } from "@axonloom/kernels";
import { AxonloomError } from "../errors.ts";

export type Labels = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

export interface Contingency {
  /** Labels of each side, sorted; 0 where it occurs. */
  readonly truthIds: BigUint64Array;
  readonly segmentIds: BigUint64Array;
  /** Pairs sorted by (truth, segment): positions in the lists above, and their voxels (integers below 2^53). */
  readonly truth: Uint32Array;
  readonly segment: Uint32Array;
  readonly voxels: Float64Array;
}

/** Labels a side; a pair of positions is then a safe integer. */
const MOST_LABELS = 2 ** 26;

export class ContingencyTable {
  readonly #truth = new Interned("ground truth");
  readonly #segment = new Interned("segmentation");
  readonly #voxels = new Map<number, number>();

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
      const key = truthAt[a[i]!]! * MOST_LABELS + segmentAt[b[i]!]!;
      this.#voxels.set(key, (this.#voxels.get(key) ?? 0) + voxels[i]!);
    }
  }

  /** The counts so far, sorted. */
  sorted(): Contingency {
    const truth = this.#truth.ranked();
    const segment = this.#segment.ranked();
    const pairs = Array.from(this.#voxels, ([key, count]) => ({
      t: truth.rank[Math.floor(key / MOST_LABELS)]!,
      s: segment.rank[key % MOST_LABELS]!,
      count,
    }));
    pairs.sort((p, q) => p.t - q.t || p.s - q.s);
    return {
      truthIds: truth.ids,
      segmentIds: segment.ids,
      truth: Uint32Array.from(pairs, ({ t }) => t),
      segment: Uint32Array.from(pairs, ({ s }) => s),
      voxels: Float64Array.from(pairs, ({ count }) => count),
    };
  }
}

/** Ids in the order in which they were met; their sorted order at the end. */
class Interned {
  readonly #side: string;
  readonly #positions = new Map<bigint, number>();

  constructor(side: string) {
    this.#side = side;
  }

  positionOf(id: bigint): number {
    const known = this.#positions.get(id);
    if (known !== undefined) return known;
    const position = this.#positions.size;
    if (position === MOST_LABELS) {
      throw new AxonloomError(
        "E_EVALUATE",
        `${this.#side}: expected at most ${MOST_LABELS} different labels, found more; evaluate a part of the volume`,
      );
    }
    this.#positions.set(id, position);
    return position;
  }

  ranked(): { readonly ids: BigUint64Array; readonly rank: Uint32Array } {
    const ids = BigUint64Array.from(this.#positions.keys()).sort();
    const rank = new Uint32Array(ids.length);
    ids.forEach((id, r) => {
      rank[this.#positions.get(id)!] = r;
    });
    return { ids, rank };
  }
}
