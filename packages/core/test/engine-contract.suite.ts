/** What every engine does alike: each primitive, the order of rows, errors, retries, and what tasks say. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Broadcast, Engine, EngineEvent, EngineListener, Keyed, StageRef } from "@axonloom/core";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "./fixtures.ts";

const module = new URL("./engine-stages.mjs", import.meta.url).href;

/** A stage of `engine-stages.mjs`. */
export const stage = <In, Out, P = null>(name: string): StageRef<In, Out, P> => ({ module, export: name });
export const numbers = (n: number): Keyed<number>[] => Array.from({ length: n }, (_, i) => ({ key: `n${i}`, value: i }));

export async function all<T>(rows: AsyncIterable<Keyed<T>>): Promise<[string, T][]> {
  const list: [string, T][] = [];
  for await (const { key, value } of rows) list.push([key, value]);
  return list;
}

export interface EngineUnderTest {
  readonly engine: Engine;
  /** Of this test so far. */
  readonly events: readonly EngineEvent[];
  /** Makes another engine, which the test closes. */
  another(onEvent: EngineListener): Promise<Engine>;
}

/** Registers the tests; `current` is asked when one begins. */
export function engineContract(current: () => EngineUnderTest): void {
  const parallelize = <T>(rows: Iterable<Keyed<T>>) => current().engine.parallelize(rows);
  const single = (i: number) => parallelize([{ key: `n${i}`, value: i }]);
  const eventsOf = (type: EngineEvent["type"]) => current().events.filter((event) => event.type === type);
  const said = (type: EngineEvent["type"]) =>
    eventsOf(type)
      .map(({ label, key }) => `${label} ${key}`)
      .sort();

  describe("primitives", () => {
    test("map keeps keys and order, steps run in one task, each row in its own", async () => {
      const rows = parallelize(numbers(20))
        .map(stage<number, number>("square"), null)
        .map(stage<number, number, number>("scale"), 10, { label: "scale" });
      expect(await all(rows.collect())).toEqual(numbers(20).map(({ key, value }) => [key, value * value * 10]));
      const each = numbers(20).map(({ key }) => `scale ${key}`);
      expect([said("task-started"), said("task-finished")]).toEqual([[...each].sort(), [...each].sort()]);
    });

    test("flatMap, groupByKey: groups by key, values in row order", async () => {
      const groups = parallelize(numbers(6)).flatMap(stage<number, Keyed<number>[]>("spread"), null).groupByKey();
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
    });

    test("keys are in the order of texts, whatever their characters", async () => {
      const keys = ["b", "", "a", "aa", "a\0", "\u{1F600}", "\uFFFD", "é", "Z", "10", "9"];
      const groups = parallelize(keys.map((key, value) => ({ key, value }))).groupByKey();
      expect((await all(groups.collect())).map(([key]) => key)).toEqual([...keys].sort());
    });

    test("cogroup joins what has one key, keys of either side count", async () => {
      const left = parallelize([
        { key: "a", value: 1 },
        { key: "b", value: 2 },
        { key: "a", value: 3 },
      ]);
      const right = parallelize([
        { key: "c", value: 7 },
        { key: "a", value: 8 },
      ]);
      const joined = stage<unknown, string>("joined");
      expect(await all(left.cogroup(right).map(joined, null).collect())).toEqual([
        ["a", "1+3|8"],
        ["b", "2|"],
        ["c", "|7"],
      ]);
      const none = parallelize<number>([]);
      expect(await all(none.cogroup(right).map(joined, null).collect())).toEqual([
        ["a", "|8"],
        ["c", "|7"],
      ]);
      expect(await all(none.cogroup(none).collect())).toEqual([]);
    });

    test("persist computes once, kept rows serve several consumers until unpersist", async () => {
      const folder = temporaryFolder();
      const counting = (n: number) =>
        parallelize([{ key: `n${n}`, value: `${n}` }]).map(stage<string, number, string>("countRuns"), folder);
      const kept = await counting(4).persist();
      const more = await counting(5).persist();
      const rows = kept.union(more).map(stage<number, number, number>("scale"), 10);
      const expected = [
        ["n4", 10],
        ["n5", 10],
      ];
      expect(await all(rows.collect())).toEqual(expected);
      expect(await all(rows.collect())).toEqual(expected);
      expect(await all(kept.groupByKey().collect())).toEqual([["n4", [1]]]);
      expect(readFileSync(join(folder, "4.runs"), "utf8")).toBe("x");
      await kept.union(more).unpersist();
      for (const freed of [kept, more, rows]) {
        await expect(all<unknown>(freed.collect())).rejects.toMatchObject({
          code: "E_CHECKPOINT_DAMAGED",
          message: expect.stringContaining("freed"),
        });
      }
    });

    test("groupByKey().persist() runs what comes before once", async () => {
      const rows = parallelize(numbers(6)).flatMap(stage<number, Keyed<number>[]>("spread"), null, { label: "spread" });
      const groups = await rows.groupByKey().persist();
      for (let i = 0; i < 2; i++) expect((await all(groups.collect())).map(([key]) => key)).toEqual(["k0", "k1", "k2"]);
      expect(said("task-finished").filter((text) => text.startsWith("spread"))).toHaveLength(6);
      await groups.unpersist();
    });

    test("union: parts of every kind keep their order, steps after it run on all of them", async () => {
      const kept = await parallelize(numbers(3)).map(stage<number, number>("square"), null).persist();
      const groups = parallelize(numbers(6)).flatMap(stage<number, Keyed<number>[]>("spread"), null).groupByKey();
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
      const grouped = again.union(single(0), again).groupByKey();
      expect((await all(grouped.collect())).find(([key]) => key === "n0")).toEqual(["n0", [0, 0, 0]]);
      await again.unpersist();
      await kept.unpersist();
    });

    test("foreach runs every row for its effect", async () => {
      const folder = join(temporaryFolder(), "touched");
      mkdirSync(folder);
      const rows = parallelize([
        { key: "x", value: "one" },
        { key: "y", value: "two" },
      ]);
      await rows.foreach(stage<string, void, string>("touch"), folder, { label: "touch", concurrency: 1 });
      expect(readdirSync(folder).sort()).toEqual(["one", "two"]);
      expect(said("task-finished")).toEqual(["touch x", "touch y"]);
    });

    test("rows of a job with fewer tasks at once are still all there, in order", async () => {
      const pairs = parallelize(numbers(7)).cogroup(parallelize(numbers(7)));
      const rows = pairs.map(stage<unknown, string>("joined"), null);
      expect(await all(rows.collect({ concurrency: 1 }))).toEqual(numbers(7).map(({ key, value }) => [key, `${value}|${value}`]));
    });

    test("a large value comes through a group whole", async () => {
      const rows = parallelize([{ key: "a", value: 9_000_000 }]).map(stage<number, Uint32Array>("long"), null);
      const [[key, value]] = (await all(rows.groupByKey().map(stage<unknown, Uint32Array>("first"), null).collect())) as [
        [string, Uint32Array],
      ];
      expect([key, value.length, value[0], value.at(-1)]).toEqual(["a", 9_000_000, 0, 8_999_999]);
    });
  });

  describe("broadcast", () => {
    type Table = Broadcast<Map<string, number>>;
    const lookUp = (rows: Keyed<number>[], table: Table, factor: number) =>
      all(parallelize(rows).map(stage<number, { found: number; reads: number }, unknown>("lookUp"), { table, factor }).collect());

    test("a value is shipped once and read once a worker", async () => {
      const table = await current().engine.broadcast(new Map(numbers(50).map(({ key, value }) => [key, value])));
      expect(JSON.stringify(table).length).toBeLessThan(1000);
      const found = await lookUp(numbers(50), table, 3);
      expect(found.map(([, value]) => value)).toEqual(numbers(50).map(({ value }) => ({ found: 3 * value, reads: 1 })));
    });

    test("several values are kept apart; what cannot be shipped is refused", async () => {
      const { engine } = current();
      const [two, three] = [await engine.broadcast(new Map([["n1", 2]])), await engine.broadcast(new Map([["n1", 3]]))];
      const row = [{ key: "n1", value: 1 }];
      expect((await lookUp(row, two, 1))[0]![1].found).toBe(2);
      expect((await lookUp(row, three, 1))[0]![1].found).toBe(3);
      await expect(engine.broadcast(() => 1)).rejects.toMatchObject({ code: "E_TASK_DATA" });
    });
  });

  describe("failure", () => {
    test("what cannot be sent is refused at once, with stage and key", async () => {
      const refused = {
        code: "E_TASK_DATA",
        message: expect.stringMatching(/^post n0: expected plain data.*could not be cloned/),
        fields: { label: "post", key: "n0" },
      };
      const row = parallelize([{ key: "n0", value: () => 1 }]).map(stage("square"), null, { label: "post" });
      await expect(all(row.collect())).rejects.toMatchObject(refused);
      const result = parallelize(numbers(1)).map(stage("unsendable"), null, { label: "post" });
      await expect(all(result.collect())).rejects.toMatchObject(refused);
      await expect(result.persist()).rejects.toMatchObject(refused);
      expect(said("task-retried")).toEqual([]);
    });

    test("a stage's error arrives with its code, ends the job, and is not tried again", async () => {
      const rows = parallelize(numbers(3)).map(stage("fail"), null);
      const expected = { code: "E_PLUGIN_RESULT", fields: { found: 2 }, message: "expected 1, found 2" };
      await expect(all(rows.collect())).rejects.toMatchObject(expected);
      await expect(rows.persist()).rejects.toMatchObject(expected);
      await expect(all(rows.groupByKey().collect())).rejects.toMatchObject(expected);
      expect(said("task-retried")).toEqual([]);
    });

    test("a missing export is named", async () => {
      await expect(all(single(0).map(stage("nothing"), null).collect())).rejects.toThrow(/"nothing".*exports.*square/);
    });

    test("a task whose worker dies is tried again and knows why; one that always dies ends in E_WORKER_DIED", async () => {
      const rows = single(0).map(stage<number, string>("dieTwice"), null, { label: "fragile" });
      expect(await all(rows.collect())).toEqual([["n0", expect.stringMatching(/^0 after .{10}/)]]);
      expect(new Set(said("task-retried"))).toEqual(new Set(["fragile n0"]));
      await expect(all(single(0).map(stage("dieAlways"), null).collect())).rejects.toMatchObject({ code: "E_WORKER_DIED" });
    });

    test("an abort ends running tasks", async () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error("enough")), 300);
      const began = performance.now();
      const job = all(parallelize(numbers(3)).map(stage("wait"), null).collect({ signal: abort.signal }));
      await expect(job).rejects.toThrow("enough");
      expect(performance.now() - began).toBeLessThan(8000);
    });

    test("what a listener throws ends the job and is thrown from it; the engine goes on until it is closed", async () => {
      const uncaught: unknown[] = [];
      const note = (error: unknown) => uncaught.push(error);
      process.on("uncaughtException", note);
      const deaf = await current().another(({ type, key }) => {
        if (type === "log" && key.startsWith("n")) throw new Error("the log is full");
      });
      try {
        const job = deaf.parallelize(numbers(20)).map(stage("talk"), null).map(stage("sleep"), null);
        await expect(all(job.collect())).rejects.toThrow("the log is full");
        expect(await all(deaf.parallelize(numbers(2)).map(stage<number, number>("square"), null).collect())).toHaveLength(2);
        const running = expect(all(deaf.parallelize(numbers(2)).map(stage("wait"), null).collect())).rejects.toMatchObject({
          code: "E_INTERRUPTED",
        });
        await new Promise((resolve) => setTimeout(resolve, 300));
        await deaf.close();
        await running;
        await expect(deaf.parallelize(numbers(1)).map(stage("sleep"), null).persist()).rejects.toMatchObject({
          code: "E_INTERRUPTED",
        });
      } finally {
        await deaf.close();
        process.off("uncaughtException", note);
      }
      expect(uncaught).toEqual([]);
    });
  });

  describe("what a task says", () => {
    test("messages and reports reach the driver", async () => {
      await all(parallelize(numbers(2)).map(stage("talk"), null, { label: "chat" }).collect());
      const expected = [
        { type: "log", label: "chat", key: "n1", detail: { level: "warn", message: "number 1" } },
        { type: "report", label: "chat", key: "n1", detail: { half: 0.5 } },
      ];
      for (const event of expected) await expect.poll(() => current().events).toContainEqual(event);
    });

    test("what it prints goes to its log", async () => {
      await all(single(0).map(stage("print"), null, { label: "chat" }).collect());
      const printed = () =>
        eventsOf("log")
          .filter(({ key }) => key === "n0")
          .map(({ detail }) => [detail!["level"], detail!["message"]]);
      await expect.poll(printed).toEqual([
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
}
