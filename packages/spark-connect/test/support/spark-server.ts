/**
 * A real Connect server on loopback for one test file: `local[2,4]`, a port of its own, a folder of its own, and no way to outlive the
 * tests. Found by SPARK_HOME; absent, the tests skip, unless AXONLOOM_REQUIRE names "spark".
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const required = /\bspark\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");
const home = process.env["SPARK_HOME"];

/** Whether the live tests run; without Spark they do not, visibly. */
export const sparkAvailable = required || (home !== undefined && existsSync(join(home, "bin", "spark-submit")));

export interface SparkServer {
  readonly port: number;
  /** `sc://127.0.0.1:port`, without the token. */
  readonly url: string;
  readonly token: string | undefined;
  readonly folder: string;
  /** What the server has written so far. */
  log(): string;
  /** SIGTERM, then SIGKILL; also removes the folder. */
  stop(): Promise<void>;
}

export interface SparkServerOptions {
  readonly conf?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Ask clients for a random token. */
  readonly withToken?: boolean;
  /** Default `local[2,4]`. */
  readonly master?: string;
  /** 0: any free one. */
  readonly port?: number;
}

/** Ends the server when the pipe to this process closes, which it does however this process ends. */
const WATCHDOG = [
  "exec 3<&0",
  '"$@" </dev/null 3<&- & pid=$!',
  "(cat <&3 >/dev/null; kill $pid; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 $pid || exit; done; kill -9 $pid) 2>/dev/null &",
  "wait $pid",
].join("\n");
const START_MS = 120_000;

export async function startSparkServer(options: SparkServerOptions = {}): Promise<SparkServer> {
  if (home === undefined || !existsSync(join(home, "bin", "spark-submit"))) {
    throw new Error(
      "AXONLOOM_REQUIRE asks for Spark: set SPARK_HOME to a Spark 4.1 (for instance the folder of the installed pyspark package)",
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "spark-connect-test-"));
  const token = options.withToken === true ? randomBytes(16).toString("hex") : undefined;
  const conf: Record<string, string> = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": String(options.port ?? 0),
    "spark.ui.enabled": "false",
    "spark.sql.warehouse.dir": join(folder, "warehouse"),
    "spark.local.dir": join(folder, "local"),
    ...options.conf,
  };
  const submit = [
    join(home, "bin", "spark-submit"),
    ...[
      "--class",
      "org.apache.spark.sql.connect.service.SparkConnectServer",
      "--master",
      options.master ?? "local[2,4]",
      "--driver-memory",
      "2g",
    ],
    ...Object.entries(conf).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
  ];
  const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", ...submit], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      SPARK_LOCAL_IP: "127.0.0.1",
      PYSPARK_PYTHON: join(folder, "no-python"), // sessions name their own executable
      ...(token === undefined ? {} : { SPARK_CONNECT_AUTHENTICATE_TOKEN: token }),
      ...options.env,
    },
  });
  let log = "";
  const keep = (text: Buffer) => {
    log += text.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.stdin.destroy();
    await ended;
    child.stdout.destroy();
    child.stderr.destroy();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const port = await waitForPort(() => log, child).catch(async (error) => {
    await stop();
    throw error;
  });
  return { port, url: `sc://127.0.0.1:${port}`, token, folder, log: () => log, stop };
}

async function waitForPort(log: () => string, child: { readonly exitCode: number | null }): Promise<number> {
  for (const start = Date.now(); Date.now() - start < START_MS; await sleep(100)) {
    const port = /Spark Connect server started at: [\d.]+:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null) break;
  }
  throw new Error(`the Spark server did not start: ${log().slice(-4000)}`);
}
