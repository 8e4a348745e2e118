/** Scratch arrays that are used again: what was taken after a mark is free again after going back to it. */
export class Arena {
  readonly #arrays: Float32Array[] = [];
  #taken = 0;

  /** At least so long, with any content. */
  take(length: number): Float32Array {
    const known = this.#arrays[this.#taken];
    if (known === undefined || known.length < length) this.#arrays[this.#taken] = new Float32Array(length);
    return this.#arrays[this.#taken++]!;
  }

  mark(): number {
    return this.#taken;
  }

  release(mark: number): void {
    this.#taken = mark;
  }
}
