/** The Spark engine on a real server, `local[2,3]` on loopback. Found by SPARK_HOME; absent, these tests skip, visibly. */
import { spawn, spawnSync } from "node:child_process";
import type { EventEmitter } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Config,
  type CreateSegmentationOptions,
  createSegmentation,
  type Engine,
  type EngineEvent,
  type EngineFactory,
  type EngineListener,
  type RunEvent,
  type RunSummary,
  type SparkServer,
  sparkEngineFactory,
} from "@axonloom/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { all, engineContract, numbers, stage } from "./engine-contract.suite.ts";
import { configOf, EIGHT, runSmall, smallVolume, TWO_SUBVOLUMES, temporaryFolder } from "./fixtures.ts";
import { isAlive } from "./processes.ts";
import { chain, checkResolved } from "./resolve.suite.ts";
import { sharedSpark } from "./shared-spark.ts";
import { sparkAvailable } from "./spark-cluster.ts";

describe.skipIf(!sparkAvailable)("on Spark", () => {
  let server: SparkServer;
  let factory: EngineFactory;
  let events: EngineEvent[] = [];

  beforeAll(async () => {
    ({ server } = await sharedSpark());
    factory = sparkEngineFactory({ url: server.url, token: server.token });
  }, 180_000);

  describe("the engine", () => {
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

    describe("as every engine", () => {
      const another = (onEvent: EngineListener) => factory({ bytesPerTask: 2 ** 28, runFolder: temporaryFolder(), onEvent });
      engineContract(() => ({ engine, events, another }));
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

    test("the reason of a retry names the task in Spark", async () => {
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
    let ofEight: RunSummary;

    test("gives the same bytes as the local engine", async () => {
      expected = (await runSmall(configOf(smallVolume()))).summary;
      ofEight = (await runSmall(configOf(smallVolume(), EIGHT))).summary;
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
      const config = configOf(smallVolume(), { ...EIGHT, "iteration-size": 1 });
      await interrupted(config, 3, { engine: factory });
      const { summary } = await runSmall(config);
      expect(summary).toMatchObject({ status: "complete", digest: ofEight.digest });
      expect(summary.restored).toBeGreaterThanOrEqual(3);
    });

    test("started locally, it goes on on Spark with iteration size 1", async () => {
      const folder = smallVolume();
      await interrupted(configOf(folder, EIGHT), 3, { workers: 2 });
      const { summary } = await runSmall(configOf(folder, { ...EIGHT, "iteration-size": 1 }), { engine: factory });
      expect(summary).toMatchObject({ status: "complete", digest: ofEight.digest });
      expect(summary.restored).toBeGreaterThanOrEqual(3);
    });

    test("labels that travel in the rows, and a plug-in that ends its worker: quarantined, the rest is written", async () => {
      const folder = smallVolume();
      const body =
        "if (subvolume === 3) process.exit(3); return { data: Float32Array.from(gray, (g) => 1 - g / 255), shape: [...shape, 1] };";
      writeFileSync(join(folder, "bad.mjs"), `export function bad({ gray, shape, subvolume }) { ${body} }`);
      const plugin = { segmentor: { configuration: { "predict-voxels": { function: "./bad.mjs:bad" } } } };
      const config = configOf(folder, { ...EIGHT, ...plugin, checkpoint: "none" });
      const { summary, certificate, events } = await runSmall(config, { engine: factory });
      expect(summary).toMatchObject({ status: "incomplete", quarantined: 1 });
      expect(certificate).toMatchObject({ complete: false, "voxels-written": 96 ** 3 - 64 * 32 * 32 });
      expect(certificate.gaps).toMatchObject([{ subvolume: 3, error: { code: "E_WORKER_DIED" } }]);
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

describe.skipIf(!sparkAvailable)("a server of our own", () => {
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
    const others = childrenOf(process.pid);
    const onEvent = (event: RunEvent) => {
      if (event.event !== "stage-started" || event.stage !== "segment") return;
      for (const guard of childrenOf(process.pid).filter((pid) => !others.includes(pid)))
        killed.push(...childrenOf(guard).filter((pid) => nameOf(pid) === "java"));
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
