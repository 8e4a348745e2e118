import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineEvent, type Keyed, LocalEngine, type StageRef } from "@axonloom/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const module = new URL("./engine-stages.mjs", import.meta.url).href;
const stage = <In, Out, P = null>(name: string): StageRef<In, Out, P> => ({ module, export: name });
const numbers = (n: number): Keyed<number>[] => Array.from({ length: n }, (_, i) => ({ key: `n${i}`, value: i }));

let folder: string;
let engine: LocalEngine;
let events: EngineEvent[];

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

async function all<T>(rows: AsyncIterable<Keyed<T>>): Promise<[string, T][]> {
  const list: [string, T][] = [];
  for await (const { key, value } of rows) list.push([key, value]);
  return list;
}

describe("primitives", () => {
  test("map keeps keys and order, steps run in one task", async () => {
    const rows = engine
      .parallelize(numbers(20))
      .map(stage<number, number>("square"), null)
      .map(stage<number, number, number>("scale"), 10);
    expect(await all(rows.collect())).toEqual(numbers(20).map(({ key, value }) => [key, value * value * 10]));
    expect(events.filter((event) => event.type === "task-finished")).toHaveLength(20);
  });

  test("flatMap, groupByKey: groups by key, values in row order", async () => {
    const groups = engine.parallelize(numbers(6)).flatMap(stage<number, Keyed<number>[]>("spread"), null).groupByKey();
    expect(await all(groups.collect())).toEqual([
      ["k0", [0, -2, 3, -5]],
      ["k1", [-0, 1, -3, 4]],
      ["k2", [-1, 2, -4, 5]],
    ]);
    expect(await all(groups.map(stage<readonly number[], number>("sum"), null).collect())).toEqual([
      ["k0", -4],
      ["k1", 2],
      ["k2", 2],
    ]);
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
  });

  test("cogroup joins what has one key, keys of either side count", async () => {
    const left = engine.parallelize([
      { key: "a", value: 1 },
      { key: "b", value: 2 },
      { key: "a", value: 3 },
    ]);
    const right = engine.parallelize([
      { key: "c", value: 7 },
      { key: "a", value: 8 },
    ]);
    const rows = left.cogroup(right).map(stage<unknown, string>("joined"), null);
    expect(await all(rows.collect())).toEqual([
      ["a", "1+3|8"],
      ["b", "2|"],
      ["c", "|7"],
    ]);
  });

  test("persist computes once, spilled rows serve several consumers until unpersist", async () => {
    const kept = await engine.parallelize(numbers(4)).map(stage<number, Uint32Array>("big"), null).persist();
    const finished = events.length;
    const more = await engine
      .parallelize([{ key: "n9", value: 9 }])
      .map(stage<number, Uint32Array>("big"), null)
      .persist();
    const sums = kept.union(more).map(stage<Uint32Array, number>("total"), null);
    const expected = [
      ["n0", 0],
      ["n1", 1000],
      ["n2", 2000],
      ["n3", 3000],
      ["n9", 9000],
    ];
    expect(await all(sums.collect())).toEqual(expected);
    expect(await all(sums.collect())).toEqual(expected);
    expect(events.length).toBeGreaterThan(finished);
    expect(readdirSync(join(folder, "spill"))).toHaveLength(5);
    await kept.unpersist();
    await more.unpersist();
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
  });

  test("foreach runs every row for its effect", async () => {
    await engine
      .parallelize([
        { key: "x", value: "one" },
        { key: "y", value: "two" },
      ])
      .foreach(stage<string, void, string>("touch"), folder, { concurrency: 1 });
    expect(readdirSync(folder).sort()).toEqual(["one", "two"]);
  });
});

describe("failure", () => {
  test("a stage's error arrives with its code and ends the job", async () => {
    await expect(all(engine.parallelize(numbers(3)).map(stage("fail"), null).collect())).rejects.toMatchObject({
      code: "E_PLUGIN_RESULT",
      fields: { found: 2 },
      message: "expected 1, found 2",
    });
  });

  test("a task whose worker dies is tried again and knows why", async () => {
    const rows = engine.parallelize(numbers(2)).map(stage<number, string>("dieTwice"), null, { label: "fragile" });
    expect(await all(rows.collect())).toEqual([
      ["n0", expect.stringContaining("0 after ")],
      ["n1", expect.stringContaining("1 after ")],
    ]);
    expect(events.filter((event) => event.type === "task-retried")).toHaveLength(4);
  });

  test("a worker that always dies ends in E_WORKER_DIED", async () => {
    await expect(all(engine.parallelize(numbers(1)).map(stage("dieAlways"), null).collect())).rejects.toMatchObject({
      code: "E_WORKER_DIED",
    });
  });

  test("a missing export is named", async () => {
    await expect(all(engine.parallelize(numbers(1)).map(stage("nothing"), null).collect())).rejects.toThrow(
      /"nothing".*exports.*square/,
    );
  });

  test("an abort ends running tasks at once", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const began = performance.now();
    await expect(all(engine.parallelize(numbers(3)).map(stage("wait"), null).collect({ signal: abort.signal }))).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test("what a task says reaches the driver", async () => {
    await all(engine.parallelize(numbers(2)).map(stage("talk"), null, { label: "chat" }).collect());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(events).toContainEqual({ type: "log", label: "chat", key: "n1", detail: { level: "warn", message: "number 1" } });
    expect(events).toContainEqual({ type: "report", label: "chat", key: "n1", detail: { half: 0.5 } });
  });
});
