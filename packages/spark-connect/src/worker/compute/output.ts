/** Rows and batches from the function, turned into Arrow messages and handed to the main thread no faster than Spark reads them. */
import { isArrowRecordBatch, isArrowTable } from "apache-arrow";
import { SparkConnectError } from "../../errors.ts";
import { Window } from "../channel.ts";
import type { OutputSchema } from "./output-schema.ts";

/** Rows are gathered up to so many bytes, or so many rows, for a batch. */
const BATCH_BYTES = 4 * 2 ** 20;
const BATCH_ROWS = 10_000;

export class Output {
  readonly #schema: OutputSchema;
  readonly #send: (message: Uint8Array) => void;
  readonly #window = new Window();
  readonly #signal: AbortSignal;
  #rows: unknown[] = [];
  #rowBytes = 0;

  /** @param schemaSent the schema message has gone out already. */
  constructor(schema: OutputSchema, schemaSent: boolean, send: (message: Uint8Array) => void, signal: AbortSignal) {
    this.#schema = schema;
    this.#send = send;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#window.close(), { once: true });
    if (!schemaSent) this.#post(schema.message.slice());
  }

  /** The socket has taken so many bytes. */
  written(bytes: number): void {
    this.#window.remove(bytes);
  }

  /** Takes what a function returned. */
  async take(returned: unknown): Promise<void> {
    const outputs = await returned;
    if (outputs === undefined) return;
    if (typeof outputs !== "object" || outputs === null || !(Symbol.asyncIterator in outputs || Symbol.iterator in outputs)) {
      throw new SparkConnectError(
        "E_SPARK_SCHEMA",
        `expected an (async) iterable of rows or batches from the function, found ${typeof outputs}: write async function*`,
      );
    }
    for await (const output of outputs as AsyncIterable<unknown>) await this.#one(output);
  }

  /** Sends the rows that are left. */
  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#rowBytes = 0;
    await this.#batch(this.#schema.fromRows(rows));
  }

  async #one(output: unknown): Promise<void> {
    if (isArrowRecordBatch(output) || isArrowTable(output)) {
      await this.flush(); // order is kept
      for (const batch of isArrowTable(output) ? output.batches : [output]) await this.#batch(this.#schema.fromBatch(batch));
      return;
    }
    if (typeof output !== "object" || output === null) {
      throw new SparkConnectError(
        "E_SPARK_SCHEMA",
        `expected a row (object or array) or a batch, found ${typeof output} ${output}`,
      );
    }
    this.#rows.push(output);
    this.#rowBytes += roughBytes(output);
    if (this.#rows.length >= BATCH_ROWS || this.#rowBytes >= BATCH_BYTES) await this.flush();
  }

  async #batch(message: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    this.#post(message);
    await this.#window.room();
  }

  /** The message's buffer goes with it. */
  #post(message: Uint8Array): void {
    this.#window.add(message.byteLength);
    this.#send(message);
  }
}

function roughBytes(row: object): number {
  let bytes = 0;
  for (const value of Object.values(row)) {
    if (typeof value === "string") bytes += value.length;
    else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
    else bytes += 8;
  }
  return bytes;
}
