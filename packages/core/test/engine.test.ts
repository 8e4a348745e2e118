import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Broadcast,
  type Dataset,
  type EngineEvent,
  type Keyed,
  LocalEngine,
  localEngineFactory,
  type StageRef,
} from "@axonloom/core";
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

  test("parts of every kind keep their order; steps after a union run on all of them", async () => {
    const kept = await engine.parallelize(numbers(3)).map(stage<number, number>("square"), null).persist();
    const groups = engine.parallelize(numbers(6)).flatMap(stage<number, Keyed<number>[]>("spread"), null).groupByKey();
    const sums = groups.map(stage<readonly number[], number>("sum"), null);
    const rows = single(7).union(kept, sums, single(8).map(stage<number, number>("square"), null));
    const expected = [
      ["n7", 7],
      ["n0", 0],
      ["n1", 1],
      ["n2", 4],
      ["k0", -4],
      ["k1", 2],
      ["k2", 2],
      ["n8", 64],
    ] as const;
    expect(await all(rows.collect())).toEqual(expected);
    const scaled = rows.map(stage<number, number, number>("scale"), 10);
    expect(await all(scaled.collect())).toEqual(expected.map(([key, value]) => [key, value * 10]));
    const again = await rows.persist();
    expect(await all(again.collect())).toEqual(expected);
    await again.unpersist();
    await kept.unpersist();
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
  });

  test("unpersist of a union frees all of its parts", async () => {
    const a = await single(1).persist();
    const b = await single(2).persist();
    await a.union(b).unpersist();
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
    await expect(all(a.collect())).rejects.toMatchObject({
      code: "E_CHECKPOINT_DAMAGED",
      message: expect.stringMatching(/rows were freed/),
    });
  });
});

test("groupByKey().persist() runs what comes before once, and keeps no other file", async () => {
  const rows = engine.parallelize(numbers(6)).flatMap(stage<number, Keyed<number>[]>("spread"), null, { label: "spread" });
  const groups = await rows.groupByKey().persist();
  expect(events.filter(({ type, label }) => type === "task-finished" && label === "spread")).toHaveLength(6);
  expect(readdirSync(join(folder, "spill"))).toHaveLength(3);
  expect((await all(groups.collect())).map(([key]) => key)).toEqual(["k0", "k1", "k2"]);
  await groups.unpersist();
  expect(readdirSync(join(folder, "spill"))).toEqual([]);
});

describe("broadcast", () => {
  test("a value is shipped once and read once a worker", async () => {
    const table: Broadcast<Map<string, number>> = await engine.broadcast(
      new Map(numbers(50).map(({ key, value }) => [key, value])),
    );
    expect(JSON.stringify(table).length).toBeLessThan(1000);
    const rows = engine
      .parallelize(numbers(50))
      .map(stage<number, { found: number; reads: number }, unknown>("lookUp"), { table, factor: 3 });
    const found = await all(rows.collect());
    expect(found.map(([, value]) => value)).toEqual(numbers(50).map(({ value }) => ({ found: 3 * value, reads: 1 })));
  });

  test("several values are kept apart; close frees them; one of another engine is refused", async () => {
    const other = new LocalEngine({ slots: 1, spillFolder: join(folder, "other") });
    const foreign = await other.broadcast(new Map([["n1", 5]]));
    const [two, three] = [await engine.broadcast(new Map([["n1", 2]])), await engine.broadcast(new Map([["n1", 3]]))];
    const lookUp = (table: unknown) =>
      all(
        engine
          .parallelize([{ key: "n1", value: 1 }])
          .map(stage<number, { found: number }, unknown>("lookUp"), { table, factor: 1 })
          .collect(),
      );
    expect((await lookUp(two))[0]![1].found).toBe(2);
    expect((await lookUp(three))[0]![1].found).toBe(3);
    await other.close();
    expect(existsSync(join(folder, "other"))).toBe(false);
    await expect(lookUp(foreign)).rejects.toMatchObject({ code: "E_CHECKPOINT_DAMAGED" });
  });

  test("what cannot be shipped is refused", async () => {
    await expect(engine.broadcast(() => 1)).rejects.toMatchObject({ code: "E_TASK_DATA" });
  });
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
  test("what cannot be sent is refused at once, with stage and key", async () => {
    const refused = {
      code: "E_TASK_DATA",
      message: expect.stringMatching(/^post n0: expected plain data.*could not be cloned/),
      fields: { label: "post", key: "n0" },
    };
    const row = engine.parallelize([{ key: "n0", value: () => 1 }]).map(stage("square"), null, { label: "post" });
    await expect(all(row.collect())).rejects.toMatchObject(refused);
    const parameter = engine.parallelize(numbers(1)).map(stage<number, number, unknown>("scale"), () => 1, { label: "post" });
    await expect(all(parameter.collect())).rejects.toMatchObject(refused);
    const result = engine.parallelize(numbers(1)).map(stage("unsendable"), null, { label: "post" });
    await expect(all(result.collect())).rejects.toMatchObject(refused);
    await expect(result.persist()).rejects.toMatchObject(refused);
    expect(events.filter(({ type }) => type === "task-retried")).toEqual([]);
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
  });

  test("an error ends the job at once, though an earlier task is still running", async () => {
    const rows = engine
      .parallelize(numbers(1))
      .map(stage("wait"), null)
      .union(engine.parallelize(numbers(1)).map(stage("fail"), null));
    const began = performance.now();
    await expect(rows.persist()).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(readdirSync(join(folder, "spill"))).toEqual([]);
  });

  test("what a listener throws ends the job and is thrown from it", async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on("uncaughtException", note);
    const deaf = new LocalEngine({
      slots: 1,
      spillFolder: join(folder, "deaf"),
      onEvent: ({ type }) => {
        if (type === "log") throw new Error("the log is full");
      },
    });
    try {
      const job = deaf.parallelize(numbers(50)).map(stage("talk"), null).map(stage("sleep"), null);
      await expect(all(job.collect())).rejects.toThrow("the log is full");
      expect(await all(deaf.parallelize(numbers(2)).map(stage<number, number>("square"), null).collect())).toHaveLength(2);
    } finally {
      await deaf.close();
      process.off("uncaughtException", note);
    }
    expect(uncaught).toEqual([]);
  });

  test("close ends running jobs", async () => {
    const brief = new LocalEngine({ slots: 1, spillFolder: join(folder, "brief") });
    const job = expect(all(brief.parallelize(numbers(3)).map(stage("wait"), null).collect())).rejects.toMatchObject({
      code: "E_INTERRUPTED",
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await brief.close();
    await job;
    await expect(brief.parallelize(numbers(1)).persist()).rejects.toMatchObject({ code: "E_INTERRUPTED" });
    expect(existsSync(join(folder, "brief"))).toBe(false);
  });

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

  test("what a task prints goes to its log", async () => {
    await all(engine.parallelize(numbers(1)).map(stage("print"), null, { label: "chat" }).collect());
    await new Promise((resolve) => setTimeout(resolve, 50));
    const said = events
      .filter(({ type, key }) => type === "log" && key === "n0")
      .map(({ detail }) => [detail!["level"], detail!["message"]]);
    expect(said).toEqual([
      ["info", "plug-in { n: 0 }"],
      ["info", "informs"],
      ["warn", "50% done"],
      ["error", "printed"],
      ["debug", "details"],
      ["info", "[ 0 ]"],
      ["info", expect.stringContaining("(index)")],
    ]);
  });
});
