/** Dense positions for 64-bit ids. */
import { AxonloomError } from "../errors.ts";

/** Labels a side: what a Map of JavaScript holds. */
const MOST_LABELS = 2 ** 24;

/** Ids in the order in which they were met; their sorted order at the end. */
export class InternedIds {
  readonly #side: string;
  readonly #positions = new Map<bigint, number>();

  constructor(side: string) {
    this.#side = side;
  }

  /** The position of an id, a new one at the end. `E_EVALUATE` above 2^24 ids. */
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

  /** The ids sorted, the rank of each position, and the position of each rank. */
  ranked(): { readonly ids: BigUint64Array; readonly rank: Uint32Array; readonly order: Uint32Array } {
    const ids = BigUint64Array.from(this.#positions.keys()).sort();
    const order = Uint32Array.from(ids, (id) => this.#positions.get(id)!);
    const rank = new Uint32Array(ids.length);
    order.forEach((position, r) => {
      rank[position] = r;
    });
    return { ids, rank, order };
  }
}
