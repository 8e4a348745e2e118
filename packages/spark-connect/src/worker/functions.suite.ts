/** Functions for the tests, bundled and run in real worker processes. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type RecordBatch, RecordBatch as RecordBatchClass, Table, Utf8, vectorFromArray } from "apache-arrow";
import type { CoGroupFunction, GroupFunction, MapFunction } from "./types.ts";

export const identity: MapFunction = (batches) => batches;

export const sum: MapFunction = async function* (batches) {
  let total = 0n;
  for await (const batch of batches) for (const id of batch.getChild("id")!) total += id as bigint;
  yield { total };
};

export const nothing: MapFunction = async (batches) => {
  for await (const _ of batches);
};

/** Ends without looking at its input. */
export const ignore: MapFunction = function* () {
  yield { id: 1 };
};

export const throwEarly: MapFunction = () => {
  throw new TypeError("early boom", { cause: new RangeError("the reason") });
};

export const throwLate: MapFunction = async function* (batches) {
  yield* await batches;
  throw new TypeError("late boom");
};

export const keyAndRows: GroupFunction = async function* (key, batches) {
  const rows: string[] = [];
  for await (const batch of batches) rows.push(text(batch));
  yield { key: String(key), rows: rows.join("|") };
};

export const bothSides: CoGroupFunction<{ rightFirst?: boolean } | null> = async function* (key, left, right, parameters) {
  const read = async (batches: AsyncIterable<RecordBatch>) => {
    const texts: string[] = [];
    for await (const batch of batches) texts.push(text(batch));
    return texts.join("|");
  };
  const second = parameters?.rightFirst ? await read(right) : null;
  yield [String(key), await read(left), second ?? (await read(right))];
};

function text(batch: RecordBatch): string {
  return JSON.stringify(batch.toArray(), (_, value) => (typeof value === "bigint" ? Number(value) : value));
}

export const context: MapFunction = function* (_, parameters, { signal, ...rest }) {
  const seen = { ...rest, aborted: signal.aborted, parameters, secret: process.env["PYTHON_WORKER_FACTORY_SECRET"] ?? null };
  const token = process.env["SPARK_CONNECT_AUTHENTICATE_TOKEN"] ?? null;
  yield { json: JSON.stringify({ ...seen, token }) };
};

export const sharedClasses: MapFunction = async function* (batches) {
  for await (const batch of batches) {
    if (!(batch instanceof RecordBatchClass)) throw new Error("another copy of Arrow");
    yield new Table({ name: vectorFromArray(["a", null], new Utf8()), id: vectorFromArray([1n, 2n]) });
    yield { id: 3n };
    yield { name: "d", id: 4 };
  }
};

export const dictionary: MapFunction = function* () {
  yield new Table({ name: vectorFromArray(["a"]) });
};

export const wrongValue: MapFunction = function* () {
  yield { id: 1 };
  yield { id: "2" };
};

/** Computes without a pause, as a segmentation does; says so in a file. */
export const spin: MapFunction<{ started: string }> = function* (_, { started }) {
  writeFileSync(started, String(process.pid));
  for (const end = Date.now() + 120_000; Date.now() < end; );
  yield {};
};

/** Waits, and tidies up when it is told to stop. */
export const polite: MapFunction<{ started: string; ended: string }> = async function* (_, { started, ended }, { signal }) {
  writeFileSync(started, String(process.pid));
  await sleep(120_000, undefined, { signal }).catch(() => writeFileSync(ended, String(signal.reason?.code)));
  yield {};
};

export const leave: MapFunction = () => process.exit(3);

/** Counts what it has made in a file. */
export const emit: MapFunction<{ batches: number; bytes: number; count: string }> = function* (_, { batches, bytes, count }) {
  for (let i = 0; i < batches; i++) {
    appendFileSync(count, ".");
    yield { blob: new Uint8Array(bytes).fill(i) };
  }
};

export const measure: MapFunction = async function* (batches) {
  let bytes = 0;
  for await (const batch of batches) {
    for (const blob of batch.getChild("blob")!) bytes += (blob as Uint8Array).length;
    await sleep(5); // slower than the sender
  }
  yield { bytes, peak: peakBytes() };
};

/** Of this process; the kernel's other figure, `ru_maxrss`, is inherited from the parent. */
function peakBytes(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}
