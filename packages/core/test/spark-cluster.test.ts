/**
 * Whole runs on a real standalone cluster (a master, two workers of one core): the same digest as everywhere else, and what is left of it
 * when processes are killed. Found by SPARK_HOME; absent, these tests skip, visibly. All run by default; `spark-faults.test.ts` has those
 * that need AXONLOOM_FULL=1.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
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
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSmall, temporaryFolder } from "./fixtures.ts";
import { type PhantomRun, phantomRun, phantomVolume } from "./phantom-runs.ts";
import { type SparkCluster, sparkAvailable, startCluster } from "./spark-cluster.ts";

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];
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
      const where = executors === 0 ? { master: "local[2,3]" } : { master: cluster.master, conf: cluster.settings(executors) };
      server = await startSparkServer({ heap: "2g", ...where });
      engine = sparkEngineFactory({ url: server.url, token: server.token });
    }, 180_000);

    afterAll(async () => {
      await server?.stop();
    }, 30_000);

    test.each([{ size: 1 }, { size: 8 }])("iteration size $size: the same digest", async ({ size }) => {
      const run = phantomRun(gray, { "iteration-size": size });
      await same(run, engine);
      expect(run.segmented()).toEqual(ALL);
      if (executors > 0) expect(cluster.executors()).toHaveLength(executors);
    });

    if (executors === 1) return;

    test.skipIf(!hasFib25)("examples/fib25-training2: the same digest", async () => {
      await expect(fib25Digest({ engine })).resolves.toBe(fib25);
    });

    if (executors === 0) return;

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
