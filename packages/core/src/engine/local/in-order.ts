/**
 * Runs many items at the same time and gives their results back in the order of the items.
 *
 *   items ──▶ open (started, result not yet taken) ──▶ results in order
 *             └ running: at most `running`
 *
 * A slow item at the head stops the others only when `open` is reached, so `open` bounds the results held in memory.
 */
import { setMaxListeners } from "node:events";

export interface Limits {
  /** Items that run at the same time. */
  readonly running: number;
  /** Items that run, or whose result waits to be taken. */
  readonly open: number;
}

/** One job: it can be ended from outside while it lives. */
export interface Job {
  /** Aborted when the job ends, however it does. */
  readonly signal: AbortSignal;
  /** Ends the job: the first error is the one that it throws. */
  fail(error: unknown): void;
  /** In order of time. */
  readonly failures: readonly unknown[];
}

/** A job that an abort of `outer` ends with its reason. */
export function newJob(outer?: AbortSignal): Job {
  const abort = new AbortController();
  const signal = outer === undefined ? abort.signal : AbortSignal.any([outer, abort.signal]);
  setMaxListeners(0, signal); // one a running item
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    failures.push(outer?.aborted ? outer.reason : error);
    abort.abort();
  };
  return { signal, failures, fail };
}

/** `items` and `run` get the job's signal; the first error, of any of them, ends all of it. */
export async function* inOrder<T, R>(
  items: (signal: AbortSignal) => AsyncIterable<T>,
  run: (item: T, signal: AbortSignal) => Promise<R>,
  { running, open }: Limits,
  { signal, failures, fail }: Job,
): AsyncIterable<R> {
  const mayRun = new Gate(running);
  const mayOpen = new Gate(open);
  const isFilled = new Gate(0);
  const results: (Promise<R> | null)[] = [];
  const put = (result: Promise<R> | null) => {
    results.push(result);
    isFilled.leave();
  };

  const start = async () => {
    signal.throwIfAborted();
    for await (const item of items(signal)) {
      await mayOpen.enter();
      await mayRun.enter();
      if (signal.aborted) break;
      const result = run(item, signal).finally(() => mayRun.leave());
      result.catch(fail);
      put(result);
    }
    signal.throwIfAborted();
  };
  const starting = start()
    .catch(fail)
    .then(() => put(null));

  try {
    for (;;) {
      await isFilled.enter();
      const result = results.shift();
      if (result === null || result === undefined) break;
      const value = await result.catch(() => null);
      if (failures.length > 0) break;
      yield value as R;
      mayOpen.leave();
    }
    if (failures.length > 0) throw failures[0];
  } finally {
    fail(new Error("the job has ended"));
    mayOpen.leave(); // so that the starter sees that the job has ended
    await starting;
    await Promise.allSettled(results);
  }
}

/** Lets in as many as have left, and `free` before. */
class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
