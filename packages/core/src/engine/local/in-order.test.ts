import * as fc from "fast-check";
import { expect, test } from "vitest";
import { inOrder, newJob } from "./in-order.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function* listed<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test("results in the order of the items, within the limits, whatever takes how long", async () => {
  const limits = fc.record({ running: fc.integer({ min: 1, max: 4 }), open: fc.integer({ min: 1, max: 6 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 25 }), limits, async (delays, { running, open }) => {
      const now = { running: 0, open: 0, mostRunning: 0, mostOpen: 0 };
      const run = async (ms: number) => {
        now.mostRunning = Math.max(now.mostRunning, ++now.running);
        now.mostOpen = Math.max(now.mostOpen, ++now.open);
        await wait(ms);
        now.running -= 1;
        return ms;
      };
      const results: number[] = [];
      for await (const result of inOrder(() => listed(delays), run, { running, open }, newJob())) {
        results.push(result);
        now.open -= 1;
      }
      expect(results).toEqual(delays);
      expect(now.mostRunning).toBeLessThanOrEqual(running);
      // The result that the consumer has in its hand is no longer counted above, but by the limit.
      expect(now.mostOpen).toBeLessThanOrEqual(open);
    }),
    { numRuns: 40 },
  );
});

test("items wait while the consumer does", async () => {
  let started = 0;
  const run = async (n: number) => {
    started += 1;
    return n;
  };
  const results = inOrder(() => listed([1, 2, 3, 4, 5, 6]), run, { running: 2, open: 3 }, newJob())[Symbol.asyncIterator]();
  await results.next();
  await wait(10);
  expect(started).toBe(3);
  await results.next();
  await wait(10);
  expect(started).toBe(4);
  await results.return!();
  await wait(10);
  expect(started).toBe(4);
});

test("the first error in time ends the others and is thrown; the source is closed", async () => {
  let closed = false;
  async function* source() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed = true;
    }
  }
  const run = async (n: number, signal: AbortSignal) => {
    if (n === 1) throw new Error("one");
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error(`ended ${n}`))));
  };
  const job = newJob();
  await expect(all(inOrder(source, run, { running: 3, open: 9 }, job))).rejects.toThrow("one");
  expect(closed).toBe(true);
  expect(job.signal.aborted).toBe(true);
});

test("an error of the source, of fail, and an abort from outside are thrown", async () => {
  async function* broken() {
    yield 1;
    throw new Error("no more");
  }
  const limits = { running: 1, open: 1 };
  const id = async (n: number) => n;
  await expect(all(inOrder(broken, id, limits, newJob()))).rejects.toThrow("no more");

  const job = newJob();
  const failing = all(
    inOrder(
      () => listed([1, 2, 3]),
      async () => job.fail(new Error("from outside")),
      limits,
      job,
    ),
  );
  await expect(failing).rejects.toThrow("from outside");

  const abort = new AbortController();
  abort.abort(new Error("enough"));
  await expect(all(inOrder(() => listed([1]), id, limits, newJob(abort.signal)))).rejects.toThrow("enough");
  expect(await all(inOrder(() => listed([]), id, limits, newJob()))).toEqual([]);
});
