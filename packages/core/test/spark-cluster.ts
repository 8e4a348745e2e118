/**
 * A real standalone cluster of Spark for tests, all of it on 127.0.0.1 with ports of its own: a master and two workers with one core each.
 * Its processes hang on a pipe to this one and end with it, however it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesWith, type RunningProcess } from "./processes.ts";

const required = /\bspark\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");
const home = process.env["SPARK_HOME"];

/** Whether tests on Spark run; without one they do not, visibly. */
export const sparkAvailable = required || (home !== undefined && existsSync(join(home, "bin", "spark-submit")));
/** Whether those run that are not part of every `npm test`. */
export const fullTests = process.env["AXONLOOM_FULL"] === "1";

export interface SparkCluster {
  /** `spark://127.0.0.1:port` */
  readonly master: string;
  /** Settings of a Connect server that gets so many executors of one core. */
  settings(executors: 1 | 2): Record<string, string>;
  /** Everything that runs for this cluster, servers and tasks included that were started from here since. */
  processes(): RunningProcess[];
  executors(): RunningProcess[];
  /** The daemons that start executors. */
  workers(): RunningProcess[];
  /** Throws when something that was started for it outlives it. */
  stop(): Promise<void>;
}

const START_MS = 60_000;
const END_MS = 15_000;
/** Set in this process's environment, so that everything which is started from here can be found. */
const MARK = "AXONLOOM_TEST_CLUSTER";

/** Where a client, and a server, look for the token. */
export const TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";

/** Ends the command when the pipe to the tests closes: asked first, killed 4 seconds later. */
const WATCHDOG = [
  "exec 3<&0",
  '"$@" </dev/null 3<&- & pid=$!',
  "(cat <&3 >/dev/null; kill $pid; for i in 1 2 3 4; do kill -0 $pid || exit; sleep 1; done; kill -9 $pid) >/dev/null 2>&1 &",
  "wait $pid",
].join("\n");

export async function startCluster(): Promise<SparkCluster> {
  if (home === undefined) throw new Error("AXONLOOM_REQUIRE asks for Spark: export SPARK_HOME=$(scripts/services/spark)");
  // Whoever runs the tests was killed: this process would stay, as it has children.
  process.once("disconnect", endWithParent);
  const folder = mkdtempSync(join(tmpdir(), "axonloom-cluster-"));
  const mark = `${MARK}=${randomUUID()}`;
  process.env[MARK] = mark.slice(MARK.length + 1);
  const env = {
    ...process.env,
    SPARK_LOCAL_IP: "127.0.0.1",
    SPARK_DAEMON_MEMORY: "512m",
    SPARK_MASTER_OPTS: "-Dspark.master.rest.enabled=false", // its port is always the same
    SPARK_WORKER_DIR: join(folder, "work"),
    SPARK_LOCAL_DIRS: join(folder, "local"),
    [TOKEN]: "of-the-cluster", // as where it stands in the environment of the machines
    // Of the executors and their tasks: a plug-in that eats memory is ended before it troubles the machine.
    NODE_OPTIONS: "--max-old-space-size=256",
  };
  const daemons: ChildProcess[] = [];
  const daemon = async (name: string, args: readonly string[], started: RegExp) => {
    const command = [join(home, "bin", "spark-class"), `org.apache.spark.deploy.${name}`, "--host", "127.0.0.1", "--port", "0"];
    const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", ...command, "--webui-port", "0", ...args], { cwd: folder, env });
    daemons.push(child);
    return await waitFor(child, started);
  };
  // The bundler's service belongs to this process, and ends with it.
  const processes = () => processesWith(mark).filter(({ command }) => !/esbuild --service/.test(command));
  const stop = async () => {
    // Workers first: they end their executors.
    for (const child of daemons.splice(0).reverse()) await end(child);
    delete process.env[MARK];
    process.off("disconnect", endWithParent);
    for (const start = Date.now(); processes().length > 0; await sleep(200)) {
      if (Date.now() - start > END_MS) {
        throw new Error(`expected nothing of ${mark} to run, found: ${JSON.stringify(processes(), null, 1)}`);
      }
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const master = await daemon("master.Master", [], /Starting Spark master at (spark:\S+)/);
    const registered = /Successfully registered with master (\S+)/;
    const worker = () => daemon("worker.Worker", ["--cores", "1", "--memory", "3g", master], registered);
    await Promise.all([worker(), worker()]);
    const running = (program: RegExp) => () => processes().filter(({ command }) => program.test(command));
    return {
      master,
      settings: (executors) => ({
        "spark.executor.memory": "2g",
        "spark.executor.cores": "1",
        "spark.cores.max": String(executors),
      }),
      processes,
      executors: running(/java .*CoarseGrainedExecutorBackend/),
      workers: running(/java .*deploy\.worker\.Worker/),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function endWithParent(): void {
  process.exit(1);
}

async function waitFor(child: ChildProcess, started: RegExp): Promise<string> {
  let log = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (text: Buffer) => {
      log = (log + text.toString()).slice(-20_000);
    });
  }
  for (const start = Date.now(); Date.now() - start < START_MS && child.exitCode === null; await sleep(50)) {
    const found = started.exec(log)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`expected ${started} in the log of a Spark daemon, found: ${log.slice(-3000)}`);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = child.exitCode !== null || new Promise((resolve) => child.once("exit", resolve));
  child.stdin!.destroy();
  await ended;
  for (const stream of [child.stdout!, child.stderr!]) stream.destroy();
}
