/** One Arrow stream of the input, read batch by batch. Two streams of a cogroup share the queue: the left one comes first. */
import type { RecordBatch } from "apache-arrow";
import { SparkConnectError } from "../../errors.ts";
import { decodeBatch } from "./decode.ts";
import type { InputQueue } from "./input-queue.ts";

export class BatchStream implements AsyncIterable<RecordBatch> {
  readonly #queue: InputQueue;
  readonly #shape: (batch: RecordBatch) => RecordBatch;
  readonly #before: BatchStream | null;
  readonly #kept: RecordBatch[] = [];
  #ended = false;

  /** @param shape turns a batch as sent into a batch as the user sees it. @param before the stream that comes first on the wire. */
  constructor(queue: InputQueue, shape: (batch: RecordBatch) => RecordBatch, before: BatchStream | null = null) {
    this.#queue = queue;
    this.#shape = shape;
    this.#before = before;
  }

  /** Looks at the first batch that has rows without taking it; null when there is none. As sent, not shaped. */
  async peek(): Promise<RecordBatch | null> {
    return this.#kept[0] ?? (await this.#keepNext());
  }

  /** Reads to the end, keeping the batches. */
  async keepRest(): Promise<void> {
    while ((await this.#keepNext()) !== null);
  }

  /** Reads to the end, dropping the batches. */
  async drop(): Promise<void> {
    this.#kept.length = 0;
    while ((await this.#read()) !== null);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, void> {
    for (;;) {
      const batch = this.#kept.shift() ?? (await this.#read());
      if (batch === null) return;
      yield this.#shape(batch);
    }
  }

  async #keepNext(): Promise<RecordBatch | null> {
    const batch = await this.#read();
    if (batch !== null) this.#kept.push(batch);
    return batch;
  }

  /** The next batch with rows: a missing side of a cogroup has one without. */
  async #read(): Promise<RecordBatch | null> {
    await this.#before?.keepRest();
    while (!this.#ended) {
      const item = await this.#queue.next();
      if (item.kind === "end") this.#ended = true;
      else if (item.kind !== "batch") throw new SparkConnectError("E_SPARK_PROTOCOL", `expected a batch, found ${item.kind}`);
      else {
        const batch = decodeBatch(item.bytes);
        if (batch.numRows > 0) return batch;
      }
    }
    return null;
  }
}
