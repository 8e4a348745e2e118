/**
 * A run and its session on a real server: progress while rows are computed, what an ended driver leaves behind, lost sessions. The server
 * forgets a session after 20 idle seconds. Restarting the server, and a left-over ended by a run on Spark, with AXONLOOM_FULL=1.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  createSegmentation,
  type EngineEvent,
  type EngineFactory,
  loadConfig,
  type RunEvent,
  type SparkServer,
  sparkEngineFactory,
  startSparkServer,
} from "@axonloom/core";
import { parseConnectionString, SparkSession } from "@axonloom/spark-connect";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startSparkServer as startForeignServer } from "../../spark-connect/test/support/spark-server.ts";
import { recordOf, writeRecord } from "../dist/engine/spark/record.js";
import { configOf, runSmall, smallConfig, smallVolume, TWO_SUBVOLUMES, temporaryFolder } from "./fixtures.ts";
import { phantomRun, phantomVolume } from "./phantom-runs.ts";
import { fullTests, sparkAvailable } from "./spark-cluster.ts";

const COMMAND = fileURLToPath(new URL("../../cli/bin/axonloom.mjs", import.meta.url));
const TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";
describe.skipIf(!sparkAvailable)("a run and its session on Spark", () => {
  let server: SparkServer;
  let factory: EngineFactory;

  beforeAll(async () => {
    const conf = {
      "spark.connect.session.manager.defaultSessionTimeout": "20s",
      "spark.connect.session.manager.maintenanceInterval": "1s",
      "spark.connect.execute.reattachable.senderMaxStreamDuration": "2s", // each new stream keeps the session of a long operation
    };
    server = await startSparkServer({ master: "local[2,3]", heap: "2g", conf });
    factory = sparkEngineFactory({ url: server.url, token: server.token });
  }, 180_000);

  afterAll(async () => {
    await server?.stop();
  }, 30_000);

  test("tasks say what becomes of them at the time, not in the order of rows", async () => {
    const runFolder = temporaryFolder();
    const events: (EngineEvent & { readonly at: number })[] = [];
    const onEvent = (event: EngineEvent) => void events.push({ ...event, at: performance.now() });
    const engine = await factory({ bytesPerTask: 2 ** 28, runFolder, onEvent });
    onTestFinished(() => engine.close());
    const stage = { module: new URL("./engine-stages.mjs", import.meta.url).href, export: "sleepOrFail" };
    const rows = (...times: number[]) => engine.parallelize(times.map((value, i) => ({ key: `n${i}`, value }))).map(stage, null);
    for await (const _ of rows(6000, 300, 300, 300).collect());
    const said = (type: string) => events.filter((event) => event.type === type);
    expect(
      said("task-started")
        .map(({ key }) => key)
        .sort(),
    ).toEqual(["n0", "n1", "n2", "n3"]);
    const finished = said("task-finished");
    expect(finished.map(({ key }) => key).sort()).toEqual(["n0", "n1", "n2", "n3"]);
    expect(finished.at(-1)!.key).toBe("n0");
    expect(finished[3]!.at - finished[2]!.at).toBeGreaterThan(1000);

    const began = performance.now();
    const failing = (async () => {
      for await (const _ of rows(20_000, -1).collect());
    })();
    await expect(failing).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
    expect(performance.now() - began).toBeLessThan(10_000);
    const [own] = readdirSync(join(runFolder, "spark")).filter((name) => name !== "session.json");
    await expect.poll(() => readdirSync(join(runFolder, "spark", own!, "status"))).toEqual([]);
  });

  /** A run whose segmenting tasks never end unless a file `go` was there when they began, and write down that they live. */
  function heldRun() {
    const folder = smallVolume();
    const [beats, go] = [join(folder, "beats"), join(folder, "go")];
    const body = `import { appendFileSync, existsSync } from "node:fs";
      const clock = new Int32Array(new SharedArrayBuffer(4));
      export function held({ gray, shape }) {
        const hold = !existsSync(${JSON.stringify(go)});
        do {
          appendFileSync(${JSON.stringify(beats)}, (hold ? "hold " : "go ") + Date.now() + "\\n");
          Atomics.wait(clock, 0, 0, 50);
        } while (hold);
        return { data: Float32Array.from(gray, (g) => 1 - g / 255), shape: [...shape, 1] };
      }`;
    writeFileSync(join(folder, "held.mjs"), body);
    const segmentor = { configuration: { "predict-voxels": { function: "./held.mjs:held" } } };
    const config = join(folder, "config.json");
    writeFileSync(config, JSON.stringify(smallConfig(folder, { segmentor }, TWO_SUBVOLUMES)));
    const times = (kind: "hold" | "go") => {
      const lines = existsSync(beats) ? readFileSync(beats, "utf8").split("\n") : [];
      return lines.filter((line) => line.startsWith(`${kind} `)).map((line) => Number(line.split(" ")[1]));
    };
    return { config, folder, times, go: () => writeFileSync(go, ""), session: join(folder, "run", "spark", "session.json") };
  }

  /** The command on the server, once its tasks work. */
  async function startHeld({
    config,
    times,
  }: ReturnType<typeof heldRun>): Promise<{ child: ChildProcess; ended: Promise<number | null> }> {
    const before = times("hold").length;
    const env = { ...process.env, [TOKEN]: server.token };
    const child = spawn(process.execPath, [COMMAND, "run", config, "--engine", server.url], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr!.on("data", (text) => {
      said += text;
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const early = ended.then((code) => {
      if (times("hold").length === before) throw new Error(`the command ended with ${code}: ${said}`);
    });
    await Promise.race([early, vi.waitUntil(() => times("hold").length > before, { timeout: 60_000, interval: 100 })]);
    return { child, ended };
  }

  async function killHeld(run: ReturnType<typeof heldRun>): Promise<void> {
    const { child, ended } = await startHeld(run);
    child.kill("SIGKILL");
    await ended;
    const left = run.times("hold").length;
    await sleep(1500);
    expect(run.times("hold").length).toBeGreaterThan(left + 5); // the job lives on
    const text = readFileSync(run.session, "utf8");
    expect(JSON.parse(text)).toMatchObject({
      host: "127.0.0.1",
      tls: false,
      tag: expect.stringMatching(/^axonloom-/),
      guard: null,
      ended: null,
    });
    expect(text).not.toContain(server.token);
  }

  /** The left-over had ended before the first new task began. */
  function expectOneAfterTheOther({ times }: ReturnType<typeof heldRun>): void {
    expect(times("go").length).toBeGreaterThan(0);
    expect(Math.max(...times("hold"))).toBeLessThan(Math.min(...times("go")));
  }

  test("Ctrl-C ends the tasks on a server that is not ours", async () => {
    const run = heldRun();
    const { child, ended } = await startHeld(run);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const left = Date.now();
    await expect.poll(() => Date.now() - Math.max(...run.times("hold")), { timeout: 15_000, interval: 200 }).toBeGreaterThan(1500);
    expect(Math.max(...run.times("hold")) - left).toBeLessThan(10_000);
    expect(JSON.parse(readFileSync(run.session, "utf8")).ended).toMatch(/^20/);
    run.go();
    const { summary } = await createSegmentation(await loadConfig(run.config), { workers: 2 }); // asks the server nothing
    expect(summary.status).toBe("complete");
    expect(existsSync(join(run.folder, "run", "spark"))).toBe(false);
    expectOneAfterTheOther(run);
  });

  test("what a killed driver left is ended before the run goes on, also locally", async () => {
    const run = heldRun();
    await killHeld(run);
    run.go();
    const config = await loadConfig(run.config);
    await expect(createSegmentation(config, { workers: 2 })).rejects.toMatchObject({
      code: "E_SPARK_UNREACHABLE",
      message: expect.stringMatching(/SPARK_CONNECT_AUTHENTICATE_TOKEN.*session\.json/),
    });
    expect(run.times("go")).toEqual([]);
    vi.stubEnv(TOKEN, server.token);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { summary, events } = await runSmall(config);
    expect(summary.status).toBe("complete");
    expect(events).toContainEqual(
      expect.objectContaining({ event: "log", message: expect.stringMatching(/^interrupted 1 operation/) }),
    );
    expect(existsSync(join(run.folder, "run", "spark"))).toBe(false);
    expectOneAfterTheOther(run);
  });

  test.runIf(fullTests)("what a killed driver left is ended before the run goes on on Spark", async () => {
    const run = heldRun();
    await killHeld(run);
    run.go();
    const { summary, events } = await runSmall(await loadConfig(run.config), { engine: factory });
    expect(summary.status).toBe("complete");
    expect(events).toContainEqual(
      expect.objectContaining({ event: "log", message: expect.stringMatching(/^interrupted 1 operation/) }),
    );
    expectOneAfterTheOther(run);
  });

  test.runIf(fullTests)(
    "somebody else keeps working in the session, under the run's tag: E_SPARK_BUSY, after a minute",
    async () => {
      const runFolder = temporaryFolder();
      const tag = "axonloom-test";
      const session = await SparkSession.connect(server.url, { token: server.token, tags: [tag] });
      const target = parseConnectionString(server.url, server.token);
      const record = recordOf(target, session, tag, null);
      await writeRecord(runFolder, record);
      const sleeps = session.sql("select java_method('java.lang.Thread', 'sleep', 60000L) from range(1)");
      const work = setInterval(() => void sleeps.collect().catch(() => {}), 500); // one more, whatever becomes of those before
      await new Promise((resolve) => session.once("progress", resolve));
      onTestFinished(async () => {
        clearInterval(work);
        await session.close();
      });
      await expect(factory({ bytesPerTask: 2 ** 28, runFolder, onEvent: () => {} })).rejects.toMatchObject({
        code: "E_SPARK_BUSY",
        message: expect.stringMatching(
          new RegExp(`still works after 60 s; end it there \\(session ${session.id}\\), or delete .*session\\.json`),
        ),
      });
      expect(JSON.parse(readFileSync(join(runFolder, "spark/session.json"), "utf8"))).toEqual(record);
    },
  );

  test("an expired session is replaced, and the run goes on from its checkpoints", async () => {
    const expected = (await runSmall(configOf(smallVolume(), {}, TWO_SUBVOLUMES))).summary;
    let idle = false;
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => {
      events.push(event);
      if (event.event !== "stage-started" || event.stage !== "stitch" || idle) return;
      idle = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 24_000); // nothing is sent meanwhile
    };
    const config = configOf(smallVolume(), {}, TWO_SUBVOLUMES);
    const { summary } = await createSegmentation(config, { engine: factory, onEvent });
    expect(summary).toMatchObject({ status: "complete", digest: expected.digest, restored: 2 });
    const warnings = events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
    expect(warnings.filter((message) => /new session/.test(message))).toEqual([
      expect.stringMatching(/is gone.*A new session goes on from the checkpoints \(1 of at most 3\)/),
    ]);
  });
});

describe.skipIf(!sparkAvailable || !fullTests)("an impatient server", { timeout: 400_000 }, () => {
  /** Forgets an operation that nobody has listened to for 3 seconds. */
  async function impatientServer(): Promise<SparkServer> {
    const conf = {
      "spark.connect.execute.reattachable.senderMaxStreamDuration": "1s",
      "spark.connect.execute.manager.detachedTimeout": "3s",
      "spark.connect.execute.manager.maintenanceInterval": "1s",
    };
    const server = await startSparkServer({ master: "local[2,3]", heap: "1g", conf });
    onTestFinished(() => server.stop());
    return server;
  }

  test("an operation that the server gives up, as nobody asks for it: a new session goes on", async () => {
    const folder = temporaryFolder();
    const gray = await phantomVolume(folder);
    const expected = (await runSmall(phantomRun(gray).config)).summary;
    const server = await impatientServer();
    const run = phantomRun(gray, {}, { lingers: 3 });
    const { summary, events } = await Promise.all([
      runSmall(run.config, { engine: sparkEngineFactory(server) }),
      run.processOf(3).then(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 12_000); // nothing is heard meanwhile
      }),
    ]).then(([result]) => result);
    expect(summary).toMatchObject({ status: "complete", digest: expected.digest });
    const warnings = events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
    expect(warnings).toContainEqual(expect.stringMatching(/OPERATION_ABANDONED.*A new session goes on from the checkpoints/s));
  });
});

describe.skipIf(!sparkAvailable || !fullTests)("a server that is restarted in the middle", () => {
  test("on the same port: the run goes on with a new session", async () => {
    const expected = (await runSmall(configOf(smallVolume(), {}, TWO_SUBVOLUMES))).summary;
    const start = async (port: number) => {
      const server = await startForeignServer({ port });
      onTestFinished(() => server.stop());
      return server;
    };
    const first = await start(0);
    let restarted: Promise<unknown> | null = null;
    const warnings: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.event === "warning") warnings.push(event.message);
      if (event.event === "stage-started" && event.stage === "stitch") {
        restarted ??= first.stop().then(() => start(first.port));
      }
    };
    const config = configOf(smallVolume(), {}, TWO_SUBVOLUMES);
    const { summary } = await createSegmentation(config, { engine: sparkEngineFactory({ url: first.url }), onEvent });
    await restarted;
    expect(summary).toMatchObject({ status: "complete", digest: expected.digest });
    expect(warnings.filter((message) => /new session/.test(message))).toHaveLength(1);
  });
});
