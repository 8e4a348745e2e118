/** The Spark engine on a real server, started once: `local[2,3]` on loopback. Found by SPARK_HOME; absent, these tests skip, visibly. */
import { spawn, spawnSync } from "node:child_process";
import type { EventEmitter } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Broadcast,
  type Config,
  type CreateSegmentationOptions,
  createSegmentation,
  type Engine,
  type EngineEvent,
  type EngineFactory,
  type Keyed,
  type RunEvent,
  type RunSummary,
  type SparkServer,
  type StageRef,
  sparkEngineFactory,
  startSparkServer,
} from "@axonloom/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { configOf, runSmall, smallVolume, temporaryFolder } from "./fixtures.ts";
import { chain, checkResolved } from "./resolve.suite.ts";

const required = /\bspark\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");
const home = process.env["SPARK_HOME"];
const available = required || (home !== undefined && existsSync(join(home, "bin", "spark-submit")));

const module = new URL("./engine-stages.mjs", import.meta.url).href;
const stage = <In, Out, P = null>(name: string): StageRef<In, Out, P> => ({ module, export: name });
const numbers = (n: number): Keyed<number>[] => Array.from({ length: n }, (_, i) => ({ key: `n${i}`, value: i }));

const TWO_SUBVOLUMES = {
  roi: {
    box: [
      [0, 0, 0],
      [64, 32, 32],
    ],
  },
};

async function all<T>(rows: AsyncIterable<Keyed<T>>): Promise<[string, T][]> {
  const list: [string, T][] = [];
  for await (const { key, value } of rows) list.push([key, value]);
  return list;
}

describe.skipIf(!available)("on Spark", () => {
  let server: SparkServer;
  let factory: EngineFactory;
  let events: EngineEvent[] = [];

  beforeAll(async () => {
    server = await startSparkServer({ master: "local[2,3]", heap: "2g" });
    factory = sparkEngineFactory({ url: server.url, token: server.token });
  }, 180_000);

  afterAll(async () => {
    await server?.stop();
  }, 30_000);

  describe("primitives", () => {
    let folder: string;
    let engine: Engine;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "axonloom-spark-test-"));
      engine = await factory({ bytesPerTask: 2 ** 28, runFolder: folder, onEvent: (event) => events.push(event) });
    }, 120_000);

    beforeEach(() => {
      events = [];
    });

    afterAll(async () => {
      await engine?.close();
      // The session's record stays for some seconds after a job was interrupted.
      expect(existsSync(join(folder, "spark")) ? readdirSync(join(folder, "spark")) : ["session.json"]).toEqual(["session.json"]);
      rmSync(folder, { recursive: true, force: true });
    });

    test("slots are Spark's cores", () => {
      expect(engine.slots).toBe(2);
    });

    test("map keeps keys and order, steps run in one task, each row in its own", async () => {
      const rows = engine
        .parallelize(numbers(20))
        .map(stage<number, number>("square"), null)
        .map(stage<number, number, number>("scale"), 10, { label: "scale" });
      expect(await all(rows.collect())).toEqual(numbers(20).map(({ key, value }) => [key, value * value * 10]));
      for (const type of ["task-started", "task-finished"]) {
        const said = events.filter((event) => event.type === type).map(({ label, key }) => `${label} ${key}`);
        expect(said.sort()).toEqual(
          numbers(20)
            .map(({ key }) => `scale ${key}`)
            .sort(),
        );
      }
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
    });

    test("one row, or one group, is one task of Spark", async () => {
      type Stages = { readonly stages: readonly { readonly id: number; readonly tasks: number }[] };
      const { session } = engine as unknown as { readonly session: EventEmitter<{ progress: [Stages] }> };
      const tasks = new Map<number, number>();
      const note = ({ stages }: Stages) => {
        for (const { id, tasks: n } of stages) tasks.set(id, n);
      };
      session.on("progress", note);
      const rows = engine.parallelize(Array.from({ length: 7 }, (_, i) => ({ key: `n${i}`, value: 900 })));
      await all(rows.map(stage<number, number>("sleep"), null).collect());
      expect(Math.max(...tasks.values())).toBe(7);
      tasks.clear();
      await all(rows.union(rows).groupByKey().map(stage("sleepFirst"), null).collect());
      session.off("progress", note);
      expect([...tasks.values()].sort((a, b) => a - b)).toEqual([1, 7, 14]); // table of keys, groups, rows
    });

    test("keys are in the order of texts, whatever their characters", async () => {
      const keys = ["b", "", "a", "aa", "a\0", "\u{1F600}", "\uFFFD", "é", "Z", "10", "9"];
      const groups = engine.parallelize(keys.map((key, value) => ({ key, value }))).groupByKey();
      expect((await all(groups.collect())).map(([key]) => key)).toEqual([...keys].sort());
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
      const none = engine.parallelize<number>([]);
      expect(await all(none.cogroup(right).map(stage<unknown, string>("joined"), null).collect())).toEqual([
        ["a", "|8"],
        ["c", "|7"],
      ]);
      expect(await all(none.cogroup(none).collect())).toEqual([]);
    });

    test("persist computes once, kept rows serve several consumers until unpersist", async () => {
      const counting = (n: number) =>
        engine.parallelize([{ key: `n${n}`, value: `${n}` }]).map(stage<string, number, string>("countRuns"), folder);
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
      await expect(all(rows.collect())).rejects.toMatchObject({ code: "E_CHECKPOINT_DAMAGED" });
    });

    test("union: parts of every kind keep their order, steps after it run on all of them", async () => {
      const single = (i: number) => engine.parallelize([{ key: `n${i}`, value: i }]);
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
      const grouped = again.union(single(0), again).groupByKey();
      expect((await all(grouped.collect())).find(([key]) => key === "n0")).toEqual(["n0", [0, 0, 0]]);
      await again.unpersist();
      await kept.unpersist();
    });

    test("foreach runs every row for its effect", async () => {
      const target = join(folder, "touched");
      mkdirSync(target);
      await engine
        .parallelize([
          { key: "x", value: "one" },
          { key: "y", value: "two" },
        ])
        .foreach(stage<string, void, string>("touch"), target, { label: "touch" });
      expect(readdirSync(target).sort()).toEqual(["one", "two"]);
      expect(events.map(({ type, label, key }) => `${type} ${label} ${key}`).sort()).toEqual([
        "task-finished touch x",
        "task-finished touch y",
        "task-started touch x",
        "task-started touch y",
      ]);
    });

    test("a large value is cut in pieces and put together again, also through a group", async () => {
      const rows = engine.parallelize([{ key: "a", value: 9_000_000 }]).map(stage<number, Uint32Array>("long"), null);
      const [[key, value]] = (await all(rows.groupByKey().map(stage<unknown, Uint32Array>("first"), null).collect())) as [
        [string, Uint32Array],
      ];
      expect([key, value.length, value[0], value.at(-1)]).toEqual(["a", 9_000_000, 0, 8_999_999]);
    });

    test("a broadcast is read once a worker", async () => {
      const table: Broadcast<Map<string, number>> = await engine.broadcast(
        new Map(numbers(50).map(({ key, value }) => [key, value])),
      );
      const rows = engine
        .parallelize(numbers(50))
        .map(stage<number, { found: number; reads: number }, unknown>("lookUp"), { table, factor: 3 });
      const found = await all(rows.collect());
      expect(found.map(([, value]) => value)).toEqual(numbers(50).map(({ value }) => ({ found: 3 * value, reads: 1 })));
      await expect(engine.broadcast(() => 1)).rejects.toMatchObject({ code: "E_TASK_DATA" });
    });

    test("a stage's error arrives with its code, and is not tried again", async () => {
      await expect(all(engine.parallelize(numbers(3)).map(stage("fail"), null).collect())).rejects.toMatchObject({
        code: "E_PLUGIN_RESULT",
        fields: { found: 2 },
        message: "expected 1, found 2",
      });
      const persisted = engine.parallelize(numbers(3)).map(stage("fail"), null);
      await expect(persisted.persist()).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
      await expect(all(persisted.groupByKey().collect())).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
      expect(events.filter(({ type }) => type === "task-retried")).toEqual([]);
    });

    test("what cannot be sent is refused, a missing export is named", async () => {
      const result = engine.parallelize(numbers(1)).map(stage("unsendable"), null, { label: "post" });
      await expect(all(result.collect())).rejects.toMatchObject({ code: "E_TASK_DATA", fields: { label: "post", key: "n0" } });
      const row = engine.parallelize([{ key: "n0", value: () => 1 }]).map(stage("square"), null);
      await expect(all(row.collect())).rejects.toMatchObject({ code: "E_TASK_DATA" });
      await expect(all(engine.parallelize(numbers(1)).map(stage("nothing"), null).collect())).rejects.toThrow(
        /"nothing".*exports.*square/,
      );
    });

    test("a task whose worker dies is tried again and knows it; one that always dies ends in E_WORKER_DIED", async () => {
      const rows = engine.parallelize(numbers(1)).map(stage<number, string>("dieTwice"), null, { label: "fragile" });
      expect(await all(rows.collect())).toEqual([
        [
          "n0",
          expect.stringMatching(/^0 after attempt 2 of Spark's task \d+ in stage \d+, on \S+ since \S+, ended without a word/),
        ],
      ]);
      const retried = events.filter((event) => event.type === "task-retried");
      expect(retried.map(({ label, key, detail }) => [label, key, detail?.["attempt"]])).toEqual([
        ["fragile", "n0", 1],
        ["fragile", "n0", 2],
      ]);
      await expect(all(engine.parallelize(numbers(1)).map(stage("dieAlways"), null).collect())).rejects.toMatchObject({
        code: "E_WORKER_DIED",
      });
    });

    test("an abort ends running tasks", async () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error("enough")), 300);
      const began = performance.now();
      await expect(all(engine.parallelize(numbers(3)).map(stage("wait"), null).collect({ signal: abort.signal }))).rejects.toThrow(
        "enough",
      );
      expect(performance.now() - began).toBeLessThan(8000);
    });

    test("what a listener throws ends the job and is thrown from it", async () => {
      const deaf = await factory({
        bytesPerTask: 2 ** 28,
        runFolder: temporaryFolder(),
        onEvent: () => {
          throw new Error("the log is full");
        },
      });
      await expect(all(deaf.parallelize(numbers(2)).map(stage("talk"), null).collect())).rejects.toThrow("the log is full");
      await deaf.close();
      await expect(deaf.parallelize(numbers(1)).map(stage("talk"), null).persist()).rejects.toMatchObject({
        code: "E_INTERRUPTED",
      });
    });

    test("what a task says reaches the driver", async () => {
      await all(engine.parallelize(numbers(2)).map(stage("talk"), null, { label: "chat" }).collect());
      expect(events).toContainEqual({ type: "log", label: "chat", key: "n1", detail: { level: "warn", message: "number 1" } });
      expect(events).toContainEqual({ type: "report", label: "chat", key: "n1", detail: { half: 0.5 } });
    });

    test("rows of a job with fewer tasks at once are still all there, in order", async () => {
      const pairs = engine.parallelize(numbers(7)).cogroup(engine.parallelize(numbers(7)));
      const rows = pairs.map(stage<unknown, string>("joined"), null);
      expect(await all(rows.collect({ concurrency: 1 }))).toEqual(numbers(7).map(({ key, value }) => [key, `${value}|${value}`]));
    });
  });

  test("matches of a chain through all subvolumes, resolved by the tasks", async () => {
    const folder = temporaryFolder();
    const engine = await factory({ bytesPerTask: 2 ** 28, runFolder: folder, onEvent: () => {} });
    const { members } = await checkResolved(engine, folder, chain(100_001, 3));
    expect(members).toHaveLength(100_001);
    await engine.close();
  });

  describe("a whole run", () => {
    /** Ends the run after so many segmented subvolumes; what is left of it can be resumed. */
    async function interrupted(config: Config, segmented: number, options: CreateSegmentationOptions): Promise<void> {
      const abort = new AbortController();
      const onEvent = (event: RunEvent) => {
        if (event.event === "progress" && event.stage === "segment" && event.done === segmented) abort.abort();
      };
      const run = createSegmentation(config, { ...options, signal: abort.signal, onEvent });
      await expect(run).rejects.toMatchObject({ code: "E_INTERRUPTED" });
    }

    let expected: RunSummary;

    test("gives the same bytes as the local engine", async () => {
      expected = (await runSmall(configOf(smallVolume()))).summary;
      const { summary, certificate, events } = await runSmall(configOf(smallVolume()), { engine: factory });
      const { digest, bodies, matches } = expected;
      expect(summary).toMatchObject({ status: "complete", digest, bodies, matches, subvolumes: 27, restored: 0 });
      expect(certificate.complete).toBe(true);
      const done = (stage: string) => events.filter((event) => event.event === "progress" && event.stage === stage).length;
      expect([done("segment"), done("write")]).toEqual([27, 27]);
    });

    test("gives the same when the tasks resolve the matches", async () => {
      const { summary, certificate } = await runSmall(configOf(smallVolume()), { engine: factory, driverMatches: 0 });
      const { digest, bodies, matches } = expected;
      expect(summary).toMatchObject({ status: "complete", digest, bodies, matches });
      expect(certificate.complete).toBe(true);
    });

    test("started on Spark with iteration size 1, it goes on locally", async () => {
      const config = configOf(smallVolume(), { "iteration-size": 1 });
      await interrupted(config, 9, { engine: factory });
      const { summary } = await runSmall(config);
      expect(summary).toMatchObject({ status: "complete", digest: expected.digest });
      expect(summary.restored).toBeGreaterThanOrEqual(9);
    });

    test("started locally, it goes on on Spark with iteration size 1", async () => {
      const folder = smallVolume();
      await interrupted(configOf(folder), 9, { workers: 2 });
      const { summary } = await runSmall(configOf(folder, { "iteration-size": 1 }), { engine: factory });
      expect(summary).toMatchObject({ status: "complete", digest: expected.digest });
      expect(summary.restored).toBeGreaterThanOrEqual(9);
    });

    test("labels that travel in the rows, and a plug-in that ends its worker: quarantined, the rest is written", async () => {
      const folder = smallVolume();
      const body =
        "if (subvolume === 13) process.exit(3); return { data: Float32Array.from(gray, (g) => 1 - g / 255), shape: [...shape, 1] };";
      writeFileSync(join(folder, "bad.mjs"), `export function bad({ gray, shape, subvolume }) { ${body} }`);
      const plugin = { segmentor: { configuration: { "predict-voxels": { function: "./bad.mjs:bad" } } } };
      const config = configOf(folder, { ...plugin, checkpoint: "none" });
      const { summary, certificate, events } = await runSmall(config, { engine: factory });
      expect(summary).toMatchObject({ status: "incomplete", quarantined: 1 });
      expect(certificate).toMatchObject({ complete: false, "voxels-written": 96 ** 3 - 32 ** 3 });
      expect(certificate.gaps).toMatchObject([{ subvolume: 13, error: { code: "E_WORKER_DIED" } }]);
      expect(events.filter(({ event }) => event === "quarantined")).toHaveLength(1);
    });

    test("isolated steps run in processes of their own there, too", async () => {
      const folder = smallVolume();
      const isolated = {
        segmentor: { configuration: { "predict-voxels": { function: "naive_membrane_predictions", "use-subprocess": true } } },
      };
      const there = await runSmall(configOf(folder, isolated, TWO_SUBVOLUMES), { engine: factory });
      const here = await runSmall(configOf(smallVolume(), {}, TWO_SUBVOLUMES));
      expect(there.summary).toMatchObject({ status: "complete", subvolumes: 2, digest: here.summary.digest });
    });
  });

  describe("what does not work is said", () => {
    const setup = () => ({ bytesPerTask: 2 ** 28, runFolder: temporaryFolder(), onEvent: () => {} });

    test("no Node.js where the executors look for it", async () => {
      const made = sparkEngineFactory({ url: server.url, token: server.token, nodePath: "/nowhere/node" })(setup());
      await expect(made).rejects.toMatchObject({ code: "E_SPARK_WORKER", message: expect.stringMatching(/Node\.js 20 or newer/) });
    });

    test("executors that do not see the run folder", async () => {
      // Stands for another machine: a Node.js that finds no file of the probe.
      const tools = temporaryFolder();
      const blind = `const fs = require("node:fs/promises"); const { readFile } = fs;
        fs.readFile = (path, ...rest) => readFile(String(path).includes("probe-") ? "/elsewhere" + path : path, ...rest);
        require("node:module").syncBuiltinESMExports();`;
      writeFileSync(join(tools, "blind.cjs"), blind);
      writeFileSync(join(tools, "node"), `#!/bin/sh\nexec ${process.execPath} --require ${tools}/blind.cjs "$@"\n`, {
        mode: 0o755,
      });
      const made = sparkEngineFactory({ url: server.url, token: server.token, nodePath: join(tools, "node") })(setup());
      await expect(made).rejects.toMatchObject({ code: "E_SPARK_STORE", message: expect.stringMatching(/run folder.*ENOENT/) });
    });

    test("a wrong token, and no server", async () => {
      const refused = sparkEngineFactory({ url: server.url, token: "wrong" })(setup());
      await expect(refused).rejects.toMatchObject({ code: "E_SPARK_UNREACHABLE", message: expect.stringMatching(/token/) });
      const nobody = sparkEngineFactory({ url: "sc://127.0.0.1:9" })(setup());
      await expect(nobody).rejects.toMatchObject({ code: "E_SPARK_UNREACHABLE" });
    });
  });
});

describe.skipIf(!available)("a server of our own", () => {
  test("ends with the process that has started it, also when that is killed", async () => {
    const script = fileURLToPath(new URL("./spark-server.mjs", import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = Number(await new Promise((resolve) => child.stdout.once("data", resolve)));
    expect(isAlive(pid)).toBe(true);
    child.kill("SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 10_000, interval: 200 }).toBe(false);
  });

  test("that dies in the middle ends the run at once, and the run can go on", async () => {
    const config = configOf(smallVolume(), {}, TWO_SUBVOLUMES);
    const killed: number[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.event !== "stage-started" || event.stage !== "segment") return;
      for (const guard of childrenOf(process.pid)) killed.push(...childrenOf(guard).filter((pid) => nameOf(pid) === "java"));
      for (const pid of killed) process.kill(pid, "SIGKILL");
    };
    const engine = sparkEngineFactory({ workers: 1, heap: "1g" });
    await expect(createSegmentation(config, { engine, onEvent })).rejects.toMatchObject({
      code: "E_SPARK_LOST",
      message: expect.stringMatching(/goes on from the run folder/),
    });
    expect(killed).toHaveLength(1);
    expect((await runSmall(config)).summary).toMatchObject({ status: "complete" });
  });
});

test("without Spark the command says what is missing", async () => {
  const setup = { bytesPerTask: 2 ** 20, runFolder: "unused", onEvent: () => {} };
  const made = sparkEngineFactory({ sparkHome: "/nowhere", workers: 1 })(setup);
  await expect(made).rejects.toMatchObject({
    code: "E_SPARK_NOT_FOUND",
    message: expect.stringMatching(/SPARK_HOME.*\/nowhere.*pyspark/),
  });
  const tooMany = sparkEngineFactory({ workers: 9, memoryBytes: 2 ** 30 })({ ...setup, bytesPerTask: 2 ** 28 });
  await expect(tooMany).rejects.toMatchObject({ code: "E_MEMORY" });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return stdout
    .split("\n")
    .map(Number)
    .filter((child) => child > 0);
}

function nameOf(pid: number): string {
  return spawnSync("ps", ["-o", "comm=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
}
