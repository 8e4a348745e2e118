/**
 * Faults on a standalone cluster of Spark that are rarer, or slower to show: they run with AXONLOOM_FULL=1 alone, those of
 * `spark-cluster.test.ts` always. Each ends with the digest of the local engine, or with its named error and a run that goes on to it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSegmentation, type RunEvent, type RunSummary, sparkEngineFactory, startSparkServer } from "@axonloom/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startSparkServer as startForeignServer } from "../../spark-connect/test/support/spark-server.ts";
import { runSmall } from "./fixtures.ts";
import { phantomRun, phantomVolume } from "./phantom-runs.ts";
import { fullTests, type SparkCluster, sparkAvailable, startCluster } from "./spark-cluster.ts";

const COMMAND = fileURLToPath(new URL("../../cli/bin/axonloom.mjs", import.meta.url));
const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

describe.skipIf(!sparkAvailable || !fullTests)("faults of a standalone cluster", { timeout: 400_000 }, () => {
  let cluster: SparkCluster;
  let folder: string;
  let gray: string;
  let expected: RunSummary;

  beforeAll(async () => {
    cluster = await startCluster();
    folder = mkdtempSync(join(tmpdir(), "axonloom-phantom-"));
    gray = await phantomVolume(folder);
  }, 180_000);

  afterAll(async () => {
    await cluster?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function startServer() {
    const server = await startSparkServer({ master: cluster.master, heap: "2g", conf: cluster.settings(2) });
    onTestFinished(() => server.stop());
    return server;
  }

  /** The command with a server of its own on the cluster. */
  function startCommand(file: string): { readonly child: ChildProcess; readonly ended: Promise<string> } {
    const conf = Object.entries(cluster.settings(2)).flatMap(([key, value]) => ["--spark-conf", `${key}=${value}`]);
    const args = [COMMAND, "run", file, "--json", "--engine", cluster.master, "--spark-heap", "2g", ...conf];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let text = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    const ended = new Promise<string>((resolve) => child.once("close", () => resolve(text)));
    return { child, ended };
  }

  test("the local engine, for comparison", async () => {
    expected = (await runSmall(phantomRun(gray).config)).summary;
    expect(expected).toMatchObject({ status: "complete", subvolumes: 8 });
  });

  test("the command killed in the middle: its server and its tasks end; the same command goes on", async () => {
    const run = phantomRun(gray, {}, { slow: 1000 });
    const { child, ended } = startCommand(run.file);
    await run.processOf(3);
    child.kill("SIGKILL");
    await ended;
    const others = () => cluster.processes().filter(({ command }) => /SparkConnectServer|CoarseGrained|node/.test(command));
    await expect.poll(others, { timeout: 15_000, interval: 200 }).toEqual([]);
    const before = run.segmented();
    expect(before.length).toBeLessThan(ALL.length);
    const last = JSON.parse((await startCommand(run.file).ended).trimEnd().split("\n").at(-1)!) as RunSummary;
    expect(last).toMatchObject({ event: "finished", status: "complete", digest: expected.digest });
    // What was whole is not done again: at most the two that were being done.
    expect(last.restored).toBeGreaterThanOrEqual(before.length - 2);
    expect(run.segmented().length).toBeLessThanOrEqual(ALL.length + 2);
  });

  test("the Connect server restarted in the middle, on the same port: the run goes on, or says what was lost", async () => {
    const run = phantomRun(gray);
    const start = async (port: number) => {
      const server = await startForeignServer({ master: cluster.master, conf: cluster.settings(2), port });
      onTestFinished(() => server.stop());
      return server;
    };
    const first = await start(0);
    let restarted: Promise<unknown> | null = null;
    const onEvent = (event: RunEvent) => {
      if (event.event !== "stage-started" || event.stage !== "stitch") return;
      restarted ??= first.stop().then(() => start(first.port));
    };
    const engine = sparkEngineFactory({ url: first.url });
    const outcome = await createSegmentation(run.config, { engine, onEvent }).catch((error: unknown) => error);
    await restarted;
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({ code: expect.stringMatching(/^E_SPARK_(LOST|UNREACHABLE)$/) });
      expect((await runSmall(run.config, { engine })).summary).toMatchObject({ digest: expected.digest });
    } else expect(outcome).toMatchObject({ summary: { status: "complete", digest: expected.digest } });
    expect(run.segmented()).toEqual(ALL);
  });

  test("a worker of Spark killed with its executor, after the segmentation: the other one goes on", async () => {
    const run = phantomRun(gray);
    const server = await startServer();
    const killed: number[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.event !== "stage-started" || event.stage !== "stitch") return;
      const worker = cluster.workers()[0]!;
      const executor = cluster.executors().find(({ parent }) => parent === worker.pid)!;
      for (const { pid } of [worker, executor]) {
        process.kill(pid, "SIGKILL");
        killed.push(pid);
      }
    };
    const { summary } = await runSmall(run.config, { engine: sparkEngineFactory(server), onEvent });
    expect(summary).toMatchObject({ status: "complete", digest: expected.digest });
    expect(killed).toHaveLength(2);
    expect(run.segmented()).toEqual(ALL);
    expect(cluster.executors()).toHaveLength(1);
  });
});
