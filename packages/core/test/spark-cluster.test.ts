/**
 * Whole runs on a real standalone cluster (a master, two workers of one core): the same digest as everywhere else, and what is left of it
 * when processes are killed. Found by SPARK_HOME; absent, these tests skip, visibly. All run by default; `spark-faults.test.ts` has those
 * that need AXONLOOM_FULL=1.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type CreateSegmentationOptions,
  createSegmentation,
  type EngineFactory,
  loadConfig,
  type RunEvent,
  type RunSummary,
  type SparkServer,
  sparkEngineFactory,
  startSparkServer,
} from "@axonloom/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { all } from "./engine-contract.suite.ts";
import { runSmall, temporaryFolder } from "./fixtures.ts";
import { count, MANY_ROWS, rowsOf, useTwice } from "./large-rows.ts";
import { type PhantomRun, phantomRun, phantomVolume } from "./phantom-runs.ts";
import { sharedSpark } from "./shared-spark.ts";
import { fullTests, type SparkCluster, sparkAvailable, startCluster, TOKEN } from "./spark-cluster.ts";

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];
const SLOW = { timeout: 600_000 };
const SECRETS = { module: new URL("./spark-stages.mjs", import.meta.url).href, export: "secrets" };
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DATA = resolve(process.env["AXONLOOM_DATA"] ?? join(ROOT, "../shared/data"));
const hasFib25 = existsSync(join(DATA, "fib25-training2"));

describe.skipIf(!sparkAvailable)("a standalone cluster", () => {
  let cluster: SparkCluster;
  let folder: string;
  let gray: string;
  let expected: RunSummary;
  let fib25: string;

  beforeAll(async () => {
    await sharedSpark(); // first, as it outlives the cluster
    cluster = await startCluster();
    folder = mkdtempSync(join(tmpdir(), "axonloom-phantom-"));
    gray = await phantomVolume(folder);
  }, 180_000);

  afterAll(async () => {
    await cluster?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Runs to the end and compares with the local engine. */
  async function same(run: PhantomRun, engine: EngineFactory, onEvent?: (event: RunEvent) => void): Promise<void> {
    const { summary } = await runSmall(run.config, { engine, ...(onEvent && { onEvent }) });
    const { digest, bodies, matches } = expected;
    expect(summary).toMatchObject({ status: "complete", digest, bodies, matches, subvolumes: 8 });
  }

  /** A copy of the example with the data where it looks for them, so that nothing is written into the checkout. */
  async function fib25Digest(options: CreateSegmentationOptions): Promise<string> {
    const copy = temporaryFolder();
    mkdirSync(join(copy, "shared"));
    symlinkSync(DATA, join(copy, "shared/data"), "dir");
    const config = join(copy, "checkout/examples/fib25-training2/fib25-training2.yml");
    mkdirSync(dirname(config), { recursive: true });
    copyFileSync(join(ROOT, "examples/fib25-training2/fib25-training2.yml"), config);
    const { summary } = await createSegmentation(await loadConfig(config), { workers: 2, ...options });
    expect(summary).toMatchObject({ status: "complete", subvolumes: 8 });
    return summary.digest;
  }

  test("the local engine, for comparison", async () => {
    const run = phantomRun(gray);
    expected = (await runSmall(run.config)).summary;
    expect(expected).toMatchObject({ status: "complete", subvolumes: 8 });
    expect(expected.bodies).toBeGreaterThan(10);
    expect(expected.matches).toBeGreaterThan(10);
    expect(run.segmented()).toEqual(ALL);
    if (hasFib25) fib25 = await fib25Digest({});
  });

  describe.each([
    { name: "spark-local[2]", executors: 0 },
    { name: "the cluster with 1 executor", executors: 1 },
    { name: "the cluster with 2 executors", executors: 2 },
  ] as const)("$name", ({ executors }) => {
    let server: SparkServer;
    let engine: EngineFactory;

    beforeAll(async () => {
      if (executors === 0) ({ server } = await sharedSpark());
      else server = await startSparkServer({ master: cluster.master, heap: "2g", conf: cluster.settings(executors) });
      engine = sparkEngineFactory({ url: server.url, token: server.token });
    }, 180_000);

    afterAll(async () => {
      if (executors > 0) await server?.stop();
    }, 30_000);

    test.each([{ size: 1 }, { size: 8 }])("iteration size $size: the same digest", async ({ size }) => {
      const run = phantomRun(gray, { "iteration-size": size });
      await same(run, engine);
      expect(run.segmented()).toEqual(ALL);
      if (executors > 0) expect(cluster.executors()).toHaveLength(executors);
    });

    test.skipIf(!hasFib25 || (executors === 1 && !fullTests))("examples/fib25-training2: the same digest", SLOW, async () => {
      await expect(fib25Digest({ engine })).resolves.toBe(fib25);
    });

    if (executors !== 2) return;

    test("200 rows of 5 to 10 MB are kept and used by two stages, and no executor is lost", SLOW, async () => {
      const made = await engine({ bytesPerTask: 2 ** 28, runFolder: temporaryFolder(), onEvent: () => {} });
      onTestFinished(() => made.close());
      const before = cluster.executors().map(({ pid }) => pid);
      expect(before).toHaveLength(2);
      await useTwice(made, MANY_ROWS);
      expect(cluster.executors().map(({ pid }) => pid)).toEqual(before);
    });

    test("neither executors nor tasks know the server's token", async () => {
      const made = await engine({ bytesPerTask: 2 ** 28, runFolder: temporaryFolder(), onEvent: () => {} });
      onTestFinished(() => made.close());
      const rows = made.parallelize(rowsOf(count(4), (i) => i)).map<unknown, string>(SECRETS, TOKEN);
      expect((await all(rows.collect())).map(([, secrets]) => secrets)).toEqual(count(4).map(() => [null, []]));
      for (const { pid } of cluster.executors()) {
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
        expect(environment).toContain(`${TOKEN}=of-the-cluster`); // it must be taken from the tasks
        expect(environment).not.toContain(server.token);
      }
    });

    test("checkpoint: none, and an executor killed after the segmentation: its part is segmented again, and counted", async () => {
      const run = phantomRun(gray, { checkpoint: "none" });
      const { pid } = cluster.executors()[0]!;
      const { digest, bodies, matches } = expected;
      const { summary, events } = await runSmall(run.config, {
        engine,
        onEvent: ({ event, ...rest }) => {
          if (event === "stage-started" && "stage" in rest && rest.stage === "stitch") process.kill(pid, "SIGKILL");
        },
      });
      expect(summary).toMatchObject({ status: "complete", digest, bodies, matches });
      const again = new Set(run.segmented().filter((id, i, all) => all[i - 1] === id));
      expect(again.size).toBeGreaterThan(0);
      expect(summary["segmented-again"]).toBe(again.size);
      const warnings = events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
      expect(warnings).toContainEqual(expect.stringContaining(`${again.size} subvolumes were segmented again`));
    });

    test("a Node.js worker killed in the middle of a task: the task is done again, no other", async () => {
      const run = phantomRun(gray, {}, { lingers: 3 });
      const ended = same(run, engine);
      const pid = await Promise.race([run.processOf(3), ended.then(() => 0)]);
      process.kill(pid, "SIGKILL");
      await ended;
      expect(run.segmented()).toEqual([...ALL, 3].sort());
    });

    test("an executor killed after the segmentation: nothing is segmented again", async () => {
      const run = phantomRun(gray);
      const killed: number[] = [];
      await same(run, engine, (event) => {
        if (event.event !== "stage-started" || event.stage !== "stitch") return;
        const { pid } = cluster.executors()[0]!;
        process.kill(pid, "SIGKILL");
        killed.push(pid);
      });
      expect(killed).toHaveLength(1);
      expect(run.segmented()).toEqual(ALL);
    });

    test("a plug-in that ends its process, and one that eats all memory: gaps, and the rest is written", async () => {
      const run = phantomRun(gray, {}, { exits: 3, eats: 5 });
      const { summary, certificate } = await runSmall(run.config, { engine });
      expect(summary).toMatchObject({ status: "incomplete", quarantined: 2 });
      expect(certificate.gaps).toMatchObject([
        { subvolume: 3, error: { code: "E_WORKER_DIED" } },
        { subvolume: 5, error: { code: "E_WORKER_DIED" } },
      ]);
      expect(certificate).toMatchObject({ complete: false, "voxels-written": 96 ** 3 - 2 * (64 * 32 * 32) });
      expect(run.segmented().filter((id) => id !== 3 && id !== 5)).toEqual([0, 1, 2, 4, 6, 7]);
    });
  });
});
