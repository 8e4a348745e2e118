/** A Spark Connect server of our own: on this machine, for one run, and never longer than this process lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AxonloomError } from "../../errors.ts";

export interface SparkServerOptions {
  /** Spark's master, for instance `local[2,4]`: two tasks at once, four tries each. */
  readonly master: string;
  /** Folder of a Spark 4.1; absent: SPARK_HOME of the environment. */
  readonly sparkHome?: string;
  /** Heap of the server, as Java writes it; the tasks' own memory comes on top. Default 4g. */
  readonly heap?: string;
  readonly conf?: Readonly<Record<string, string>>;
}

export interface SparkServer {
  readonly url: string;
  readonly token: string;
  /** Process that guards the server, and ends after it. */
  readonly pid: number;
  /** Called when the server ends without having been asked to, with the last of its log. */
  onDeath(listener: (log: string) => void): void;
  stop(): Promise<void>;
}

const START_MS = 180_000;
/** What is kept of the server's log, for the message when it does not start. */
const LOG_CHARACTERS = 20_000;

/**
 * The server's input is a pipe from this process. When it closes, however this process ends, the server is ended: asked first, killed 7 seconds
 * later. Its folder goes with it.
 */
const WATCHDOG = [
  "exec 3<&0",
  'folder="$1"; shift',
  '"$@" </dev/null 3<&- & pid=$!',
  "(cat <&3 >/dev/null; kill $pid; for i in 1 2 3 4 5 6 7; do kill -0 $pid || break; sleep 1; done; kill -9 $pid; sleep 0.2;" +
    ' rm -rf "$folder") >/dev/null 2>&1 & dog=$!',
  'wait $pid; code=$?; echo "server ended with code $code" >&2',
  "wait $dog",
  "exit $code",
].join("\n");

/** Throws `E_SPARK_NOT_FOUND` or `E_SPARK_START`. */
export async function startSparkServer({ master, heap = "4g", conf = {}, ...options }: SparkServerOptions): Promise<SparkServer> {
  const home = checkedHome(options.sparkHome ?? process.env["SPARK_HOME"]);
  checkJava();
  const folder = await mkdtemp(join(tmpdir(), "axonloom-spark-"));
  const token = randomBytes(24).toString("hex");
  const settings = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.ui.enabled": "false",
    "spark.sql.warehouse.dir": join(folder, "warehouse"),
    "spark.local.dir": join(folder, "local"),
    ...conf,
  };
  const submit = [
    join(home, "bin", "spark-submit"),
    ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--master", master, "--driver-memory", heap],
    // Without memory a server hangs; one that has ended can be seen.
    ...["--driver-java-options", "-XX:+ExitOnOutOfMemoryError"],
    ...Object.entries(settings).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
  ];
  const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", folder, ...submit], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true, // Ctrl-C is for this process, which then ends the server in order
    env: {
      ...process.env,
      SPARK_HOME: home,
      SPARK_LOCAL_IP: "127.0.0.1",
      SPARK_CONNECT_AUTHENTICATE_TOKEN: token,
      PYSPARK_PYTHON: join(folder, "no-python"), // sessions name their own executable
    },
  });
  const listeners: ((log: string) => void)[] = [];
  let stopping = false;
  const log = keepLog(child, (text) => {
    if (!stopping) for (const listener of listeners) listener(text);
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin.on("error", () => {}); // the server has ended by itself
  const stop = async () => {
    stopping = true;
    child.ref();
    child.stdin.destroy();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await waitForPort(log, child);
    child.unref(); // a server that runs does not keep this process alive
    return { url: `sc://127.0.0.1:${port}`, token, pid: child.pid!, onDeath: (listener) => void listeners.push(listener), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function checkedHome(home: string | undefined): string {
  const submit = home === undefined ? null : join(home, "bin", "spark-submit");
  if (home !== undefined && submit !== null && existsSync(submit)) return home;
  throw new AxonloomError(
    "E_SPARK_NOT_FOUND",
    `expected SPARK_HOME to name the folder of a Spark 4.1, found ${home === undefined ? "it is not set" : `no ${submit}`}; ` +
      "`pip install pyspark==4.1.4` brings one: SPARK_HOME is then the folder of the package pyspark",
    { home: home ?? null },
  );
}

function checkJava(): void {
  const { JAVA_HOME, PATH = "" } = process.env as { JAVA_HOME?: string; PATH?: string };
  const places = JAVA_HOME === undefined ? PATH.split(delimiter) : [join(JAVA_HOME, "bin")];
  if (places.some((folder) => existsSync(join(folder, "java")))) return;
  throw new AxonloomError(
    "E_SPARK_NOT_FOUND",
    `expected Java 17 or 21 for Spark, found no java ${JAVA_HOME === undefined ? "on the PATH" : `in ${places[0]} (JAVA_HOME)`}; install it, or set JAVA_HOME`,
    { places },
  );
}

/** Of the shell that waits for the server, and then for its watchdog. */
const DEATH = /^server ended with code/m;

function keepLog(child: ChildProcess, onDeath: (log: string) => void): () => string {
  let log = "";
  let dead = false;
  const keep = (text: Buffer) => {
    log = (log + text.toString()).slice(-LOG_CHARACTERS);
    if (dead || !DEATH.test(log)) return;
    dead = true;
    onDeath(log);
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", keep);
    (stream as unknown as { unref?(): void }).unref?.();
  }
  return () => log;
}

async function waitForPort(log: () => string, child: ChildProcess): Promise<number> {
  for (const start = Date.now(); Date.now() - start < START_MS; await sleep(100)) {
    const port = /Spark Connect server started at: [\d.]+:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null || DEATH.test(log())) break;
  }
  throw new AxonloomError(
    "E_SPARK_START",
    `expected a Spark Connect server to start within ${START_MS / 1000} s, found: ${log().slice(-3000).trim() || "no word of it"}`,
  );
}
