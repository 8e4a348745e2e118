/** Pauses between tries: they double, with jitter, until a given time is over. */
import { setTimeout as sleep } from "node:timers/promises";

const FIRST_MS = 50;
const LONGEST_MS = 5_000;

export class Backoff {
  readonly #limitMs: number;
  #pauseMs = FIRST_MS;
  #since: number | null = null;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Something worked: the next failure starts anew. */
  reset(): void {
    this.#pauseMs = FIRST_MS;
    this.#since = null;
  }

  /** Waits before the next try; false, at once, when the time is over. Throws when the signal is aborted. */
  async pause(signal?: AbortSignal): Promise<boolean> {
    this.#since ??= Date.now();
    if (Date.now() - this.#since >= this.#limitMs) return false;
    await sleep(this.#pauseMs * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_MS);
    return true;
  }
}
