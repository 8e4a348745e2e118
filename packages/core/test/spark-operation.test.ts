/**
 * Spark as it is operated: what its pages show, what `axonloom doctor` finds, TLS, and what is said when something is wrong. One server,
 * `local[2,3]` on loopback; a server of another version is played. Without Spark the tests that need it skip, visibly.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Check,
  createSegmentation,
  type Engine,
  type RunEvent,
  type SparkServer,
  sparkEngineFactory,
  startSparkServer,
} from "@axonloom/core";
import { beforeAll, describe, expect, test } from "vitest";
import { startFakeServer } from "../../spark-connect/src/client/fake-server.suite.ts";
import { selfSigned } from "../../spark-connect/test/support/certificate.ts";
import { TcpProxy } from "../../spark-connect/test/support/proxy.ts";
import { configOf, smallConfig, smallVolume, TWO_SUBVOLUMES, temporaryFolder } from "./fixtures.ts";
import { sharedSpark } from "./shared-spark.ts";
import { fullTests, sparkAvailable } from "./spark-cluster.ts";

const BIN = fileURLToPath(new URL("../../cli/bin/axonloom.mjs", import.meta.url));
const STAGES = new URL("./spark-stages.mjs", import.meta.url).href;
const TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";
const setup = (bytesPerTask = 2 ** 28) => ({ bytesPerTask, runFolder: temporaryFolder(), onEvent: () => {} });

/** Runs the command; `environment` on top of this process's. */
async function axonloom(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** An executable in place of Node.js that loads a script of the test's before it does anything. */
function nodeWith(script: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "before.cjs"), script);
  const command = `#!/bin/sh\nexec ${process.execPath} --require ${folder}/before.cjs "$@"\n`;
  writeFileSync(join(folder, "node"), command, { mode: 0o755 });
  return join(folder, "node");
}

/** Whether this machine lets us mount file systems that nobody else sees. */
const canUnshare = spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;

/** A Spark whose driver sees a file system at `folder` that executes nothing. */
function sparkWithNoexec(folder: string): string {
  const [home, real] = [temporaryFolder(), process.env["SPARK_HOME"]!];
  mkdirSync(folder);
  mkdirSync(join(home, "bin"));
  symlinkSync(join(real, "jars"), join(home, "jars"));
  const inside = `mount -t tmpfs -o noexec none '${folder}' && exec '${join(real, "bin", "spark-submit")}' "$@"`;
  const script = `#!/bin/sh\nexport SPARK_HOME='${real}'\nexec unshare --map-root-user --mount sh -c '${inside.replaceAll("'", "'\\''")}' sh "$@"\n`;
  writeFileSync(join(home, "bin", "spark-submit"), script, { mode: 0o755 });
  return home;
}

describe.skipIf(!sparkAvailable)("with a server", () => {
  let server: SparkServer;
  let uiPort: number;

  beforeAll(async () => {
    ({ server, uiPort } = await sharedSpark());
  }, 180_000);

  const factory = (options: { readonly nodePath?: string } = {}) =>
    sparkEngineFactory({ url: server.url, token: server.token, ...options });
  const run = async (stage: string, params: unknown = null) => {
    const engine: Engine = await factory()(setup());
    try {
      const rows = engine.parallelize([{ key: "a", value: 1 }]).map({ module: STAGES, export: stage }, params, { label: "try" });
      for await (const { value } of rows.collect()) return value;
      return null;
    } finally {
      await engine.close();
    }
  };

  interface PageRow {
    readonly jobId?: number;
    readonly stageId?: number;
    readonly id?: string;
    readonly description?: string;
    readonly planDescription?: string;
  }
  const idOf = ({ jobId, stageId, id }: PageRow) => Number(jobId ?? stageId ?? id);

  /** What Spark's pages are made from. @param after the highest number that is of no interest. */
  async function page(path: string, after = -1): Promise<readonly PageRow[]> {
    const base = `http://127.0.0.1:${uiPort}/api/v1/applications`;
    const [{ id }] = (await (await fetch(base)).json()) as [{ readonly id: string }];
    const rows = (await (await fetch(`${base}/${id}/${path}`)).json()) as PageRow[];
    return rows.filter((row) => idOf(row) > after);
  }

  test("Spark's pages show our stages; the log of the run says what the cluster is, and warns of what is not well", async () => {
    const events: RunEvent[] = [];
    const config = configOf(smallVolume(), {}, TWO_SUBVOLUMES);
    const last = async (path: string) => Math.max(-1, ...(await page(path)).map(idOf));
    const [jobs, stages, sql] = [await last("jobs"), await last("stages"), await last("sql?length=100000")];
    await createSegmentation(config, { engine: factory(), onEvent: (event) => void events.push(event) });
    const names = ["segment", "faces", "stitch", "write"].map((name) => `axonloom: ${name}`);
    for (const [kind, after] of [["jobs", jobs] as const, ["stages", stages] as const]) {
      const descriptions = (await page(kind, after)).map(({ description }) => description);
      expect(descriptions).toEqual(expect.arrayContaining(names));
    }
    const plans = (await page("sql?details=true&length=100000", sql)).map(({ planDescription }) => planDescription).join("\n");
    expect(plans).toMatch(/Arguments: segment\(/);
    const logged = events.flatMap((event) => (event.event === "log" && event.task.startsWith("Spark") ? [event] : []));
    expect(logged).toContainEqual(
      expect.objectContaining({
        task: "Spark cluster",
        message: expect.stringMatching(
          /Spark 4\.1\.\d.*2 at once, Node\.js.*spark\.master=local\[2,3\].*spark\.speculation=true.*default:.*spark\.task\.cpus/,
        ),
      }),
    );
    expect(logged.filter(({ level }) => level === "warn").map(({ task }) => task)).toEqual([
      "Spark spark.speculation",
      "Spark heap of the server",
    ]);
  });

  test("a run that cannot fit is refused, with the figures", async () => {
    await expect(factory()(setup(2 ** 40))).rejects.toMatchObject({
      code: "E_MEMORY",
      message: expect.stringMatching(
        /memory on .*expected 2048\.00 GiB for tasks \(2 × 1024\.00 GiB.*found .*3\.00 GiB.*2 task\(s\) at once/,
      ),
    });
  });

  test("the command over TLS: a proxy ends it, a certificate of one's own is trusted by NODE_EXTRA_CA_CERTS", async () => {
    const certificate = selfSigned();
    const folder = smallVolume();
    writeFileSync(join(folder, "ca.pem"), certificate.cert);
    writeFileSync(join(folder, "small.json"), JSON.stringify(smallConfig(folder, {}, TWO_SUBVOLUMES)));
    const proxy = await TcpProxy.start(Number(new URL(server.url.replace("sc:", "http:")).port), certificate);
    try {
      const args = ["run", join(folder, "small.json"), "--engine", `sc://localhost:${proxy.port}/;use_ssl=true`];
      const refused = await axonloom(args, { [TOKEN]: server.token });
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/E_SPARK_UNREACHABLE.*self-signed certificate/s)]);
      // The other variable of gRPC's wins where a machine sets it.
      const trust = { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: "" };
      const done = await axonloom(args, { [TOKEN]: server.token, ...trust });
      expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^digest +[0-9a-f]{64}$/m) });
    } finally {
      await proxy.close();
    }
  });

  test("doctor: what the cluster is, as JSON", async () => {
    const folder = smallVolume();
    writeFileSync(join(folder, "small.json"), JSON.stringify(smallConfig(folder)));
    const args = ["doctor", join(folder, "small.json"), "--engine", server.url, "--json"];
    const { code, stdout } = await axonloom(args, { [TOKEN]: server.token });
    const checks = JSON.parse(stdout) as Check[];
    expect(code).toBe(0);
    const of = (name: RegExp) => checks.find((check) => name.test(check.name));
    expect(of(/^Spark$/)).toMatchObject({ status: "ok", found: expect.stringMatching(/^4\.1\.\d, master local\[2,3\]$/) });
    expect(of(/^executor on/)).toMatchObject({
      status: "ok",
      found: expect.stringContaining(`Node.js ${process.versions.node}, ${process.arch}, 2 task(s) at once`),
    });
    expect(of(/^memory on/)).toMatchObject({ status: "ok" });
    expect(of(/^spark.speculation/)).toMatchObject({ status: "warning" });
    expect(of(/^heap of the server/)).toMatchObject({ status: "warning", found: "3.00 GiB" });
    expect(existsSync(join(folder, "run"))).toBe(false);
  });

  test("a token that is refused", async () => {
    const { code, stdout } = await axonloom(["doctor", "--engine", server.url], { [TOKEN]: "wrong" });
    expect([code, stdout]).toEqual([2, expect.stringMatching(/E_SPARK_UNREACHABLE: .*refused the token/)]);
  });

  test("tasks do not see the server's token", async () => {
    expect(await run("secrets", TOKEN)).toEqual([null, []]);
  });

  test.runIf(fullTests && canUnshare)("artifacts on a noexec mount: doctor says it, a run works", async () => {
    const folder = smallVolume();
    const file = join(folder, "small.json");
    writeFileSync(file, JSON.stringify(smallConfig(folder, {}, TWO_SUBVOLUMES)));
    const where = ["--engine", "spark-local[1]", "--spark-heap", "1g", "--spark-conf", `spark.local.dir=${join(folder, "noexec")}`];
    const environment = { SPARK_HOME: sparkWithNoexec(join(folder, "noexec")) };
    const doctor = await axonloom(["doctor", file, "--json", ...where], environment);
    expect(JSON.parse(doctor.stdout)).toContainEqual(
      expect.objectContaining({ name: "folder for artifacts", status: "ok", found: expect.stringMatching(/noexec/) }),
    );
    const { stdout } = await axonloom(["run", file, "--json", ...where], environment);
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as unknown;
    const { summary } = await createSegmentation(configOf(smallVolume(), {}, TWO_SUBVOLUMES), { workers: 2 });
    expect(last).toMatchObject({ event: "finished", status: "complete", digest: summary.digest });
  });

  test("Node.js that is too old, and none, on an executor", async () => {
    const old = nodeWith('Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.0" } });');
    await expect(factory({ nodePath: old })(setup())).rejects.toMatchObject({
      code: "E_SPARK_WORKER",
      message: expect.stringMatching(/Node\.js 20 or newer/),
    });
    await expect(factory({ nodePath: "/nowhere/node" })(setup())).rejects.toMatchObject({ code: "E_SPARK_WORKER" });
  });

  test("what a stage throws arrives with its stack, once", async () => {
    const error: Error = await run("failInside").then(
      () => new Error("it did not fail"),
      (error) => error,
    );
    expect(error.message).toBe("boom of a stage");
    expect(error.stack?.match(/boom of a stage/g)).toHaveLength(1);
    expect(error.stack).toMatch(/inner|failInside/);
  });
});

describe("a server of another version", () => {
  test.each(["4.0.1", "4.2.0", "3.5.4"])("Spark %s is refused", async (version) => {
    const analyzePlan = () => ({ result: { case: "sparkVersion", value: { version } } });
    const fake = await startFakeServer(() => ({ responses: [], end: null }), { AnalyzePlan: analyzePlan });
    try {
      await expect(sparkEngineFactory({ url: `sc://127.0.0.1:${fake.port}` })(setup())).rejects.toMatchObject({
        code: "E_SPARK_VERSION",
        message: expect.stringMatching(`expected Spark 4\\.1\\.x at .*found ${version.replaceAll(".", "\\.")}`),
      });
    } finally {
      fake.close();
    }
  });
});

test("a token is not sent unencrypted to another machine, nor put into a setting", async () => {
  const plain = sparkEngineFactory({ url: "sc://spark.example.org:15002/;use_ssl=false", token: "secret" })(setup());
  await expect(plain).rejects.toMatchObject({ code: "E_USAGE", message: expect.stringMatching(/unencrypted/) });
  await expect(plain).rejects.not.toMatchObject({ message: expect.stringMatching(/secret/) });
  const conf = { "spark.connect.authenticate.token": "secret" };
  await expect(startSparkServer({ master: "local[1]", conf })).rejects.toMatchObject({ code: "E_USAGE" });
});
