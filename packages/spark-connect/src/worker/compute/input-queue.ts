/** Input that has arrived in the compute thread, in order; taking an item makes room for more. */
import type { InputItem } from "../input.ts";

export class InputQueue {
  readonly #items: InputItem[] = [];
  readonly #taken: (item: InputItem) => void;
  readonly #signal: AbortSignal;
  #wake: (() => void) | null = null;

  constructor(taken: (item: InputItem) => void, signal: AbortSignal) {
    this.#taken = taken;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  push(item: InputItem): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** Throws the signal's reason when the task is cancelled. */
  async next(): Promise<InputItem> {
    for (;;) {
      this.#signal.throwIfAborted();
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#taken(item);
        return item;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}
