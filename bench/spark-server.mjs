/** A Spark Connect server on loopback for the benchmark: `local[2]`, a folder and a port of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const START_MS = 120_000;

/** Ends the server when the pipe to this process closes, which it does however this process ends. */
const WATCHDOG = 'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; (cat <&3 >/dev/null; kill $pid) & wait $pid';

export function sparkHome() {
  const home = process.env["SPARK_HOME"];
  return home !== undefined && existsSync(join(home, "bin", "spark-submit")) ? home : null;
}

/** `python`: what Spark starts for PySpark's sessions; sessions of Node name their own executable. */
export async function startServer(home, python) {
  const folder = await mkdtemp(join(tmpdir(), "axonloom-bench-spark-"));
  const conf = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.ui.enabled": "false",
    "spark.sql.warehouse.dir": join(folder, "warehouse"),
    "spark.local.dir": join(folder, "local"),
    "spark.driver.maxResultSize": "2g",
  };
  const submit = [
    join(home, "bin", "spark-submit"),
    ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--master", "local[2]", "--driver-memory", "4g"],
    ...Object.entries(conf).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
  ];
  const env = { ...process.env, SPARK_LOCAL_IP: "127.0.0.1", PYSPARK_PYTHON: python ?? join(folder, "no-python") };
  const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", ...submit], { cwd: folder, env, stdio: "pipe" });
  const ended = once(child, "exit");
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      log = (log + text).slice(-1_000_000);
    });
  }
  const stop = async () => {
    child.stdin.destroy();
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  for (const start = Date.now(); Date.now() - start < START_MS && child.exitCode === null; await sleep(100)) {
    const port = /Spark Connect server started at: [\d.]+:(\d+)/.exec(log)?.[1];
    if (port !== undefined) return { url: `sc://127.0.0.1:${port}`, stop };
  }
  await stop();
  throw new Error(`the Spark server did not start: ${log.slice(-4000)}`);
}
