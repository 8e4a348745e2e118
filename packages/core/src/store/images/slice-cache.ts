/** Decoded slices, the last used ones, within a bound of bytes; a slice that is being decoded is waited for, not decoded again. */
export type Slice = Uint8Array | Uint16Array;

export class SliceCache {
  readonly #most: number;
  readonly #slices = new Map<number, Promise<Slice>>();

  /** @param slices how many are kept; at least one. */
  constructor(slices: number) {
    this.#most = Math.max(1, slices);
  }

  get(index: number, decode: () => Promise<Slice>): Promise<Slice> {
    let slice = this.#slices.get(index);
    this.#slices.delete(index);
    if (slice === undefined) {
      slice = decode();
      slice.catch(() => {
        if (this.#slices.get(index) === slice) this.#slices.delete(index);
      });
    }
    this.#slices.set(index, slice);
    if (this.#slices.size > this.#most) this.#slices.delete(this.#slices.keys().next().value!);
    return slice;
  }
}
