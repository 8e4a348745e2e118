/** Functions that the tests run on Spark. */
import type { CoGroupFunction, GroupFunction, MapFunction } from "@axonloom/spark-connect";

export const double: MapFunction = async function* (batches) {
  for await (const batch of batches) for (const { id } of batch) yield { id: id * 2n };
};

export const scale: MapFunction<{ by: number }> = async function* (batches, { by }) {
  for await (const batch of batches) for (const { id } of batch) yield { id: id * BigInt(by) };
};

/** How many rows a partition has. */
export const sizes: MapFunction = async function* (batches, _parameters, { partition }) {
  let rows = 0;
  let names = "";
  for await (const batch of batches) {
    rows += batch.numRows;
    names = batch.schema.fields.map((field) => field.name).join();
  }
  yield { partition, rows, names };
};

export const total: GroupFunction = async function* ([key], batches) {
  let sum = 0n;
  for await (const batch of batches) for (const { v } of batch) sum += v;
  yield { k: key, sum };
};

export const counts: CoGroupFunction = async function* ([key], left, right) {
  let lefts = 0;
  let rights = 0;
  for await (const batch of left) lefts += batch.numRows;
  for await (const batch of right) rights += batch.numRows;
  yield { k: key, lefts, rights };
};

/** Rows of so many bytes, the same each time. */
export const blobs: MapFunction<{ bytes: number }> = async function* (batches, { bytes }) {
  for await (const batch of batches) for (const { id } of batch) yield { id, blob: new Uint8Array(bytes).fill(Number(id)) };
};

/** Takes so long for each row. */
export const slow: MapFunction<{ ms: number }> = async function* (batches, { ms }) {
  for await (const batch of batches) {
    for (const { id } of batch) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      yield { id };
    }
  }
};

export const fails: MapFunction = () => {
  throw new TypeError("no such thing");
};
