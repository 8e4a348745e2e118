/**
 * A Spark Connect server of our own, which is Spark's driver: on this machine, for one run, and never longer than this process lives.
 * Its executors are threads in it (`local`), or those of a cluster. It takes calls from this machine only, by a token that nobody else sees.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AxonloomError } from "../../errors.ts";
import { driverAddress } from "./driver-address.ts";
import { checkJava, findSpark } from "./find.ts";

export interface SparkServerOptions {
  /** Spark's master: `local[2,4]` (two tasks at once, four tries each), `spark://host:7077`, `yarn`, `k8s://https://host:6443`. */
  readonly master: string;
  /** Folder of a Spark 4.1; absent: SPARK_HOME of the environment, else what `axonloom setup spark` has installed. */
  readonly sparkHome?: string;
  /** Heap of the server, as Java writes it; the tasks' own memory comes on top. Default 4g. */
  readonly heap?: string;
  /** Further settings of Spark; they win over those of `spark-defaults.conf`. Other users of the machine can see them. */
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

export const DEFAULT_HEAP = "4g";
/** YARN and Kubernetes take their time: Spark's jars travel, containers are made. */
const START_MS = { local: 180_000, cluster: 600_000 };
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

/** Throws `E_SPARK_NOT_FOUND`, `E_SPARK_VERSION`, `E_SPARK_UNREACHABLE` (the cluster's master), or `E_SPARK_START`. */
export async function startSparkServer({ master, ...options }: SparkServerOptions): Promise<SparkServer> {
  const local = master.startsWith("local");
  const conf = checkedConf(options.conf ?? {});
  const home = findSpark(options.sparkHome).folder;
  await checkJava();
  const address = local ? { SPARK_LOCAL_IP: "127.0.0.1" } : await driverAddress(master);
  const folder = await mkdtemp(join(tmpdir(), "axonloom-spark-"));
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const heap = options.heap ?? DEFAULT_HEAP;
  const token = randomBytes(24).toString("hex");
  const settings = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.sql.warehouse.dir": join(folder, "warehouse"),
    ...(local && { "spark.ui.enabled": "false" }),
    ...conf,
  };
  const submit = [
    join(home, "bin", "spark-submit"),
    ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--master", master, "--deploy-mode", "client"],
    ...["--driver-memory", heap],
    ...Object.entries(settings).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
  ];
  const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", folder, ...submit], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true, // Ctrl-C is for this process, which then ends the server in order
    env: {
      ...process.env,
      ...address,
      SPARK_HOME: home,
      SPARK_DAEMON_MEMORY: heap, // where it is set it wins over --driver-memory
      SPARK_CONNECT_AUTHENTICATE_TOKEN: token,
      PYSPARK_PYTHON: join(folder, "no-python"), // sessions name their own executable
      SPARK_SUBMIT_OPTS: [process.env["SPARK_SUBMIT_OPTS"], ...javaOptions(temporary)].filter(Boolean).join(" "),
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
    const port = await waitForPort(log, child, local ? START_MS.local : START_MS.cluster);
    child.unref(); // a server that runs does not keep this process alive
    return { url: `sc://127.0.0.1:${port}`, token, pid: child.pid!, onDeath: (listener) => void listeners.push(listener), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of the server's Java alone: settings of the driver's options stay the user's. */
function javaOptions(temporary: string): string[] {
  return [
    "-XX:+ExitOnOutOfMemoryError", // without memory a server hangs; one that has ended can be seen
    "-XX:+UseParallelGC", // rows are large: Java's default collector leaves holes between them, until no row fits
    // The same for executors of a cluster, in a way that goes with whatever collector is chosen for them. As a property of Java it gives way
    // to what spark-defaults.conf or --spark-conf say.
    '"-Dspark.executor.defaultJavaOptions=-XX:G1HeapRegionSize=32m"',
    `"-Djava.io.tmpdir=${temporary}"`, // Spark's folders, unless `spark.local.dir` is set
  ];
}

function checkedConf(conf: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const key of Object.keys(conf)) {
    if (key !== "spark.connect.authenticate.token") continue;
    throw new AxonloomError(
      "E_USAGE",
      `setting ${key}: expected it to be left out: the token of this server is made here, and a setting can be read by every task`,
      { key },
    );
  }
  return conf;
}

/** What matters in the log of a server that has ended: neither what went well, nor where in Spark's code it was. */
export function lastWords(log: string): string {
  const lines = log
    .split("\n")
    .filter(
      (line) =>
        !/^\s+at |^\s*\.\.\. \d+ more|^\d\S* \S+ INFO |^WARNING: Using incubator|^Using Spark.s default log4j|^\s*$/.test(line),
    );
  return lines.join("\n").slice(-1500).trim() || "none";
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

async function waitForPort(log: () => string, child: ChildProcess, limitMs: number): Promise<number> {
  const start = Date.now();
  for (; Date.now() - start < limitMs; await sleep(100)) {
    const port = /Spark Connect server started at: [\d.]+:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null || DEATH.test(log())) break;
  }
  const seconds = Math.round((Date.now() - start) / 1000);
  throw new AxonloomError(
    "E_SPARK_START",
    `expected a Spark Connect server to start, found none after ${seconds} s; its last words: ${lastWords(log())}`,
  );
}
