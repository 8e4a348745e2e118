import type { CallOptions } from "./call-options.ts";

/** Runs `work` over the items, at most `limit` at a time; stops taking new ones at the first error or abort, and throws it. */
export async function forEachParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  { signal }: CallOptions = {},
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const runner = async () => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        signal?.throwIfAborted();
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: limit }, runner));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Waits for a shared promise, which others may wait for too, but no longer than until the abort. */
export async function unlessAborted<T>(promise: Promise<T>, { signal }: CallOptions = {}): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
