/** Functions for the tests of the worker. */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CoGroupFunction, GroupFunction, MapFunction } from "@axonloom/spark-connect";
import { RecordBatch } from "apache-arrow";

export const who: MapFunction = async function* (batches, parameters, { partition, attempt, localProperties, cpus }) {
  let rows = 0;
  for await (const batch of batches) rows += batch.numRows;
  const own = JSON.stringify({ parameters, cpus, setting: localProperties["spark.test.setting"] });
  yield { pid: process.pid, ppid: process.ppid, partition, attempt, rows, own };
};

export const squares: MapFunction<{ plus: number }> = async function* (batches, { plus }) {
  for await (const batch of batches) {
    if (!(batch instanceof RecordBatch)) throw new Error("another copy of Arrow");
    for (const id of batch.getChild("id")!) yield [id, (id as bigint) ** 2n + BigInt(plus)];
  }
};

export const sums: GroupFunction = async function* ([key], batches) {
  const seen: bigint[] = [];
  for await (const batch of batches) for (const v of batch.getChild("v")!) seen.push(v as bigint);
  yield { k: key, n: seen.length, sum: seen.reduce((a, b) => a + b, 0n) };
};

export const pairs: CoGroupFunction = async function* ([key], left, right) {
  const names: string[] = [];
  for await (const batch of right) for (const name of batch.getChild("name")!) names.push(String(name));
  let rows = 0;
  for await (const batch of left) rows += batch.numRows;
  yield { k: key, rows, names };
};

export const fails: MapFunction = async function* (batches) {
  for await (const batch of batches) for (const id of batch.getChild("id")!) yield { id: inverse(id as bigint) };
};

function inverse(id: bigint): bigint {
  if (id === 3n) throw new RangeError("three is not allowed", { cause: new Error("the deeper reason") });
  return -id;
}

/** Says where it runs, then computes without a pause; a second attempt ends at once. */
export const spin: MapFunction<{ file: string; forever: boolean }> = function* (_, { file, forever }, { attempt }) {
  if (attempt === 0 || forever) {
    writeFileSync(file, `${process.pid} ${process.ppid}`);
    for (const end = Date.now() + 120_000; Date.now() < end; );
  }
  yield { attempt };
};

/** Waits for its signal and leaves a note. */
export const waits: MapFunction<{ file: string }> = async function* (_, { file }, { signal }) {
  writeFileSync(file, `${process.pid} ${process.ppid}`);
  await sleep(120_000, undefined, { signal }).catch(() => writeFileSync(`${file}-ended`, ""));
  yield { attempt: 0 };
};

export const blobs: MapFunction<{ bytes: number }> = async function* (batches, { bytes }) {
  for await (const batch of batches) {
    for (const id of batch.getChild("id")!) yield { id, blob: new Uint8Array(bytes).fill(Number(id) % 251) };
  }
};

/** Gets blobs and checks them. */
export const check: MapFunction = async function* (batches) {
  let [rows, bytes, wrong] = [0, 0, 0];
  for await (const batch of batches) {
    const [ids, data] = [batch.getChild("id")!, batch.getChild("blob")!];
    for (let i = 0; i < batch.numRows; i++) {
      const blob = data.get(i) as Uint8Array;
      rows++;
      bytes += blob.length;
      const expected = Number(ids.get(i)) % 251;
      if (blob[0] !== expected || blob[blob.length >> 1] !== expected || blob.at(-1) !== expected) wrong++;
    }
  }
  yield { rows, bytes, wrong, peak: peakBytes() };
};

/** Of this process; the kernel's other figure, `ru_maxrss`, is inherited from the parent. */
function peakBytes(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}
