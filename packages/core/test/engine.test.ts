/** The local engine: what every engine does, and what is its own: spill files, slots, one task's failure. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dataset, type EngineEvent, type EngineListener, LocalEngine, localEngineFactory } from "@axonloom/core";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { all, engineContract, numbers, stage } from "./engine-contract.suite.ts";

let folder: string;
let engine: LocalEngine;
let events: EngineEvent[];
const spilled = () => (existsSync(join(folder, "spill")) ? readdirSync(join(folder, "spill")) : []);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-engine-"));
  events = [];
  engine = new LocalEngine({ slots: 2, spillFolder: join(folder, "spill"), onEvent: (event) => events.push(event) });
});

afterEach(async () => {
  await engine.close();
  expect(existsSync(join(folder, "spill"))).toBe(false);
  rmSync(folder, { recursive: true });
});

describe("as every engine", () => {
  let shipped: MockInstance<LocalEngine["broadcast"]>;
  beforeEach(() => {
    shipped = vi.spyOn(engine, "broadcast");
  });
  afterEach(() => {
    // What was broadcast stays until the engine is closed; no rows do.
    const values = shipped.mock.settledResults.filter(({ type }) => type === "fulfilled");
    expect(spilled()).toHaveLength(values.length);
  });
  const another = async (onEvent: EngineListener) => new LocalEngine({ slots: 1, spillFolder: join(folder, "another"), onEvent });
  engineContract(() => ({ engine, events, another }));
});

describe("union", () => {
  const single = (i: number) => engine.parallelize([{ key: `n${i}`, value: i }]);

  test("thousands of unions, one after another and in one call, stay flat", async () => {
    const n = 5000;
    const one = Array.from({ length: n }, (_, i) => single(i));
    const chained = one.reduce((all: Dataset<number>, dataset) => all.union(dataset));
    const expected = numbers(n).map(({ key, value }) => [key, value]);
    const began = performance.now();
    expect(await all(chained.collect())).toEqual(expected);
    expect(
      await all(
        single(0)
          .union(...one.slice(1))
          .collect(),
      ),
    ).toEqual(expected);
    const kept = await chained.persist();
    expect(await all(kept.collect())).toEqual(expected);
    await kept.unpersist();
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
  });
});

test("a broadcast of another engine is refused; close frees its files", async () => {
  const other = new LocalEngine({ slots: 1, spillFolder: join(folder, "other") });
  const table = await other.broadcast(new Map([["n1", 5]]));
  await other.close();
  expect(existsSync(join(folder, "other"))).toBe(false);
  const rows = engine.parallelize([{ key: "n1", value: 1 }]).map(stage<number, unknown, unknown>("lookUp"), { table, factor: 1 });
  await expect(all(rows.collect())).rejects.toMatchObject({ code: "E_CHECKPOINT_DAMAGED" });
});

describe("how many tasks run at once", () => {
  const names = Array.from({ length: 6 }, (_, i) => ({ key: `${i}`, value: `m${i}` }));
  let meeting: string;
  beforeEach(() => {
    meeting = join(folder, "meeting");
    mkdirSync(meeting);
  });
  const largest = (values: readonly number[]) => Math.max(...values);
  const collected = async (concurrency?: number) => {
    const rows = engine.parallelize(names).map(stage<string, number, string>("meet"), meeting);
    return largest((await all(rows.collect(concurrency === undefined ? {} : { concurrency }))).map(([, here]) => here));
  };

  test("collect and foreach keep to concurrency; 0, absent or more than the slots is the slots", async () => {
    await all(engine.parallelize(numbers(4)).map(stage("sleep"), null).collect()); // both workers are up
    expect(await collected(1)).toBe(1);
    for (const concurrency of [undefined, 0, 2, 9]) expect(await collected(concurrency)).toBe(2);
    const ran = async (concurrency: number) => {
      await engine.parallelize(names).foreach(stage<string, void, string>("meetQuietly"), meeting, { concurrency });
      return largest(names.map(({ value }) => Number(readFileSync(`${meeting}.${value}`, "utf8"))));
    };
    expect(await ran(1)).toBe(1);
    expect(await ran(0)).toBe(2);
  });

  const finishedWhileTheFirstSleeps = async (job: (rows: Dataset<number>) => Promise<unknown>) => {
    events.length = 0;
    const rows = Array.from({ length: 60 }, (_, i) => ({ key: `n${i}`, value: i === 0 ? 1500 : 1 }));
    await job(engine.parallelize(rows));
    return events.filter(({ type }) => type === "task-finished").findIndex(({ key }) => key === "n0");
  };

  test("a slow first task stops the others only where rows wait in memory", async () => {
    const sleep = stage<number, number>("sleep");
    expect(await finishedWhileTheFirstSleeps((rows) => rows.map(sleep, null).persist())).toBe(59);
    expect(await finishedWhileTheFirstSleeps((rows) => rows.foreach(stage<number, void>("sleep"), null))).toBe(59);
    expect(await finishedWhileTheFirstSleeps((rows) => all(rows.map(sleep, null).collect()))).toBe(7); // 4 · slots are open
  });
});

test("what an ended process left in the spill folder is removed", async () => {
  const spill = join(folder, "spill");
  mkdirSync(spill);
  writeFileSync(join(spill, "77.rows"), "old");
  const kept = await engine.parallelize(numbers(1)).persist();
  expect(readdirSync(spill)).toEqual(["1.rows"]);
  await kept.unpersist();
});

test("the factory plans the slots and keeps rows in the run folder", async () => {
  const setup = { bytesPerTask: 2 ** 30, runFolder: folder, onEvent: (event: EngineEvent) => events.push(event) };
  const made = await localEngineFactory({ workers: 3, memoryBytes: 4 * 2 ** 30 })(setup);
  expect(made.slots).toBe(3);
  const kept = await made.parallelize(numbers(2)).map(stage<number, number>("square"), null).persist();
  expect(readdirSync(join(folder, "spill"))).toHaveLength(2);
  expect(await all(kept.collect())).toEqual([
    ["n0", 0],
    ["n1", 1],
  ]);
  expect(events.filter(({ type }) => type === "task-finished")).toHaveLength(2);
  await made.close();
  expect(existsSync(join(folder, "spill"))).toBe(false);
  const tooMany = localEngineFactory({ workers: 4, memoryBytes: 4 * 2 ** 30 });
  await expect(tooMany(setup)).rejects.toMatchObject({ code: "E_MEMORY" });
});

describe("failure", () => {
  test("a parameter that cannot be sent is refused before its task", async () => {
    const rows = engine.parallelize(numbers(1)).map(stage<number, number, unknown>("scale"), () => 1, { label: "post" });
    await expect(all(rows.collect())).rejects.toMatchObject({ code: "E_TASK_DATA", fields: { label: "post", key: "n0" } });
  });

  test("an error ends the job at once, though an earlier task is still running", async () => {
    const rows = engine
      .parallelize(numbers(1))
      .map(stage("wait"), null)
      .union(engine.parallelize(numbers(1)).map(stage("fail"), null));
    const began = performance.now();
    await expect(rows.persist()).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(spilled()).toEqual([]);
  });

  test("every retry is said, with its reason", async () => {
    await all(engine.parallelize(numbers(2)).map(stage("dieTwice"), null).collect());
    const retried = events.filter(({ type }) => type === "task-retried");
    expect(retried.map(({ key, detail }) => `${key} ${detail!["attempt"]}`).sort()).toEqual(["n0 1", "n0 2", "n1 1", "n1 2"]);
    for (const { detail } of retried) expect(detail!["reason"]).toMatch(/exit|terminat/i);
  });
});
