/** Functions that the tests run on Spark. */
import { appendFileSync } from "node:fs";
import type { GroupFunction, MapFunction } from "@axonloom/spark-connect";

/** Names of the columns that arrive. */
export const names: MapFunction = async function* (batches) {
  for await (const batch of batches) yield { names: batch.schema.fields.map((field) => field.name).join() };
};

export const groupNames: GroupFunction = async function* (_key, batches) {
  for await (const batch of batches) yield { names: batch.schema.fields.map((field) => field.name).join() };
};

/** How many rows a partition has. */
export const sizes: MapFunction = async function* (batches, _parameters, { partition }) {
  let rows = 0;
  for await (const batch of batches) rows += batch.numRows;
  yield { partition, rows };
};

export const total: GroupFunction = async function* ([k], batches) {
  let sum = 0n;
  for await (const batch of batches) for (const { v } of batch) sum += v;
  yield { k, sum };
};

/** Rows of so many bytes, with the time at which they were made. */
export const blobs: MapFunction<{ bytes: number }> = async function* (batches, { bytes }) {
  for await (const batch of batches) {
    for (const { id } of batch) {
      yield {
        id: Number(id),
        pid: process.pid,
        at: performance.timeOrigin + performance.now(),
        blob: new Uint8Array(bytes).fill(Number(id)),
      };
    }
  }
};

/** Notes its rows in a file, and yields one that nobody reads. */
export const note: MapFunction<{ file: string }> = async function* (batches, { file }) {
  for await (const batch of batches) for (const { id } of batch) appendFileSync(file, `${id}\n`);
  yield { ok: true };
};
