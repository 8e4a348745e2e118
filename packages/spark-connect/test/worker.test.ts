/** Functions in Node workers, on a real server: results, failures, cancellation, dead workers and executors, in daemon and in simple mode. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { SparkSession, sparkFunction } from "@axonloom/spark-connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SparkServer, sparkAvailable, startSparkServer } from "./support/spark-server.ts";

const module = new URL("./worker-functions.ts", import.meta.url);
const NO_NODE = /E_SPARK_VERSION: expected Node.js 20 or newer as \/nowhere\/node on host/;
const WHO = "pid int, ppid int, partition int, attempt int, rows int, own string";

const alive = (pid: number) => existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

/** Milliseconds until the process is gone. */
async function gone(pid: number, limitMs: number): Promise<number> {
  const start = Date.now();
  while (alive(pid)) {
    if (Date.now() - start > limitMs) throw new Error(`process ${pid} is still there after ${limitMs} ms`);
    await sleep(20);
  }
  return Date.now() - start;
}

/** The pids that a function has written to its file. */
async function started(file: string): Promise<[worker: number, parent: number]> {
  for (let i = 0; i < 1500; i++) {
    const pids = existsSync(file) ? readFileSync(file, "utf8").split(" ").map(Number) : [];
    if (pids.length === 2) return pids as [number, number];
    await sleep(20);
  }
  throw new Error(`no function has written ${file}`);
}

describe.skipIf(!sparkAvailable).each([{ daemon: true }, { daemon: false }])("with Spark, daemon $daemon", ({ daemon }) => {
  let server: SparkServer;
  let session: SparkSession;

  beforeAll(async () => {
    server = await startSparkServer({
      withToken: true,
      conf: { "spark.python.use.daemon": String(daemon), "spark.sql.shuffle.partitions": "2" },
    });
    session = await SparkSession.connect(server.url, { token: server.token! });
    await session.config.set({ "spark.test.setting": "seen" });
  }, 150_000);

  afterAll(async () => {
    await session?.close();
    await server?.stop();
  }, 60_000);

  const who = (parameters = {}) => sparkFunction(module, "who", { returns: WHO, parameters });
  const file = () => join(server.folder, randomUUID());

  test("map: rows, parameters, context; as many tasks as partitions", async () => {
    const squares = sparkFunction(module, "squares", { returns: "id long, square long", parameters: { plus: 1 } });
    const rows = await session.range(1000, { numPartitions: 3 }).mapPartitions(squares).collect();
    expect(rows).toEqual(Array.from({ length: 1000 }, (_, i) => ({ id: BigInt(i), square: BigInt(i * i + 1) })));
    const tasks = await session
      .range(10, { numPartitions: 4 })
      .mapPartitions(who({ a: [1] }))
      .collect();
    expect(tasks.map(({ partition, attempt, rows }) => [partition, attempt, rows])).toEqual([
      [0, 0, 2],
      [1, 0, 3],
      [2, 0, 2],
      [3, 0, 3],
    ]);
    expect(JSON.parse(tasks[0]!["own"] as string)).toEqual({ parameters: { a: [1] }, cpus: 1, setting: "seen" });
  });

  test("group and cogroup", async () => {
    const left = session.range(10).select("id % 3 as k", "id as v");
    const sums = sparkFunction(module, "sums", { returns: "k long, n int, sum long" });
    const grouped = await left.groupBy("k").map(sums).collect();
    const byKey = (a: { k?: unknown }, b: { k?: unknown }) => Number(a.k) - Number(b.k);
    expect([...grouped].sort(byKey)).toEqual([
      { k: 0n, n: 4, sum: 18n },
      { k: 1n, n: 3, sum: 12n },
      { k: 2n, n: 3, sum: 15n },
    ]);
    const right = session.sql("select * from values (1L, 'a'), (1L, 'b'), (7L, 'c') as t(k, name)");
    const pairs = sparkFunction(module, "pairs", { returns: "k long, rows int, names array<string>" });
    const both = await left.groupBy("k").cogroup(right.groupBy("k")).map(pairs).collect();
    expect([...both].sort(byKey)).toEqual([
      { k: 0n, rows: 4, names: [] },
      { k: 1n, rows: 3, names: ["a", "b"] },
      { k: 2n, rows: 3, names: [] },
      { k: 7n, rows: 0, names: ["c"] },
    ]);
  });

  test("an exception arrives with the stack of the TypeScript source", async () => {
    const fails = sparkFunction(module, "fails", { returns: "id long" });
    const error = await session
      .range(5)
      .mapPartitions(fails)
      .collect()
      .catch((error: Error) => error);
    expect(error).toMatchObject({ code: "E_SPARK_QUERY" });
    const text = (error as Error).message;
    expect(text).toMatch(/RangeError: three is not allowed\s+at inverse \(.*worker-functions\.ts:\d+:\d+\)\s+at fails/);
    expect(text).toMatch(/Caused by: Error: the deeper reason/);
    expect(text).not.toMatch(/worker-[0-9a-f]{64}|userFiles/); // neither our frames nor Spark's folders
    const printed = inspect(error);
    expect(printed.match(/three is not allowed/g)).toHaveLength(1);
    expect(printed.match(/at inverse/g)).toHaveLength(2); // the error and its cause
    expect(
      await session
        .range(2)
        .mapPartitions(sparkFunction(module, "fails", { returns: "id long" }))
        .collect(),
    ).toHaveLength(2);
  });

  test("workers are used again, or not, as Spark is set", async () => {
    const pids = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      for (const row of await session.range(4, { numPartitions: 4 }).mapPartitions(who({ i })).collect()) pids.add(row["pid"]);
    }
    if (daemon) expect(pids.size).toBeLessThanOrEqual(4);
    else expect(pids.size).toBe(12);
  });

  test("kill -9 of a worker in the middle of its task: Spark tries again", async () => {
    const path = file();
    const spin = sparkFunction(module, "spin", { returns: "attempt int", parameters: { file: path, forever: false } });
    const result = session.range(1, { numPartitions: 1 }).mapPartitions(spin).collect();
    process.kill((await started(path))[0], "SIGKILL");
    expect(await result).toEqual([{ attempt: 1 }]);
  });

  test("a cancelled task's worker is gone within 6 s, although it computes without a pause", async () => {
    const path = file();
    const spin = sparkFunction(module, "spin", { returns: "attempt int", parameters: { file: path, forever: true } });
    const result = session
      .range(1, { numPartitions: 1 })
      .mapPartitions(spin)
      .collect({ tags: ["spin"] });
    const failed = expect(result).rejects.toMatchObject({ code: "E_SPARK_CANCELLED" });
    const [pid] = await started(path);
    await session.interruptTag("spin");
    const ms = await gone(pid, 6000);
    await failed;
    console.log(`cancelled worker gone after ${ms} ms (daemon ${daemon})`);
  });

  test("large rows both ways, in bounded memory", async () => {
    await session.config.set({ "spark.sql.execution.arrow.maxBytesPerBatch": String(16 * 2 ** 20) });
    const bytes = 4 * 2 ** 20;
    const blobs = sparkFunction(module, "blobs", { returns: "id long, blob binary", parameters: { bytes } });
    const check = sparkFunction(module, "check", { returns: "rows int, bytes long, wrong int, peak long" });
    const [plain] = await session.range(100, { numPartitions: 1 }).mapPartitions(blobs).mapPartitions(check).collect();
    expect(plain).toMatchObject({ rows: 100, bytes: BigInt(100 * bytes), wrong: 0 });
    expect(Number(plain!["peak"])).toBeLessThan(400 * 2 ** 20); // of 400 MiB that went through
    await session.config.set({ "spark.sql.execution.arrow.useLargeVarTypes": "true" });
    const [large] = await session.range(4, { numPartitions: 1 }).mapPartitions(blobs).mapPartitions(check).collect();
    expect(large).toMatchObject({ rows: 4, bytes: BigInt(4 * bytes), wrong: 0 });
    await session.config.unset("spark.sql.execution.arrow.useLargeVarTypes");
  });

  test("a LIMIT ends a function that still runs", async () => {
    const blobs = sparkFunction(module, "blobs", { returns: "id long, blob binary", parameters: { bytes: 2 ** 20 } });
    expect(await session.range(10_000, { numPartitions: 1 }).mapPartitions(blobs).limit(1).select("id").collect()).toEqual([
      { id: 0n },
    ]);
  });

  test("an artifact folder that is mounted noexec", async () => {
    const other = await SparkSession.connect(server.url, { token: server.token!, worker: { noexec: true } });
    const rows = await other.range(3, { numPartitions: 1 }).mapPartitions(who()).collect();
    expect(rows).toMatchObject([{ partition: 0, rows: 3 }]);
    expect(await other.config.get("spark.sql.execution.pyspark.python")).toBe("/bin/sh");
    await other.close();
  });

  // in simple mode Spark waits ten seconds for each of four attempts
  test.runIf(daemon)("no Node on the executors: the driver hears it", async () => {
    const other = await SparkSession.connect(server.url, { token: server.token!, worker: { nodePath: "/nowhere/node" } });
    const error = await other
      .range(1)
      .mapPartitions(who())
      .collect()
      .catch((error: Error) => error);
    expect(error).toMatchObject({ code: "E_SPARK_QUERY", message: expect.stringMatching(NO_NODE) });
    await other.close();
  });

  test("kill -9 of the executor: workers are gone within 2 s", async () => {
    const [first, second] = [file(), file()];
    const spin = sparkFunction(module, "spin", { returns: "attempt int", parameters: { file: first, forever: true } });
    const waits = sparkFunction(module, "waits", { returns: "attempt int", parameters: { file: second } });
    for (const fn of [spin, waits]) {
      void session
        .range(1, { numPartitions: 1 })
        .mapPartitions(fn)
        .collect()
        .catch(() => {});
    }
    const [[spinning, parent], [waiting]] = await Promise.all([started(first), started(second)]);
    const jvm = daemon ? Number(/^\d+ \(.*?\) \S (\d+)/.exec(readFileSync(`/proc/${parent}/stat`, "utf8"))![1]) : parent;
    expect(readFileSync(`/proc/${jvm}/cmdline`, "utf8")).toContain("SparkConnectServer");
    process.kill(jvm, "SIGKILL");
    const times = await Promise.all([gone(spinning, 2000), gone(waiting, 2000), ...(daemon ? [gone(parent, 2000)] : [])]);
    expect(existsSync(`${second}-ended`)).toBe(true);
    console.log(`after the executor's death, gone within ${times.join(", ")} ms (daemon ${daemon})`);
    session.disconnect();
  });
});
