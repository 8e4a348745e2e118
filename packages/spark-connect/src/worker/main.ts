/**
 * The program that Spark starts in place of Python. One file serves all roles; the arguments tell them apart:
 *
 *   -m pyspark.worker                 simple mode: connects back, one task
 *   -m pyspark.daemon pyspark.worker  daemon mode
 *   child                             a worker of the daemon
 *   (worker thread)                   runs the user's functions
 */
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

const MINIMUM_NODE = 20;

/** @param file this program's own file, for further processes and threads. */
async function main(file: string): Promise<void> {
  // Each role loads only what it needs: Arrow is for the compute thread.
  if (!isMainThread) return (await import("./compute/main.ts")).runComputeThread();
  const major = Number(process.versions.node.split(".")[0]);
  if (major < MINIMUM_NODE) {
    process.stderr.write(
      `E_SPARK_VERSION: expected Node.js ${MINIMUM_NODE} or newer, found ${process.version} (${process.execPath})\n`,
    );
    process.exit(1);
  }
  const { removeServerToken } = await import("./environment.ts");
  removeServerToken();
  const modules = process.argv[2] === "-m" ? process.argv.slice(3) : [];
  if (modules.length === 2) return (await import("./daemon.ts")).runDaemon(file);
  const { runDaemonChild, runSimpleWorker } = await import("./worker-process.ts");
  if (process.argv[2] === "child") return runDaemonChild(file);
  if (modules.length === 1) return runSimpleWorker(file);
  process.stderr.write(
    `E_SPARK_PROTOCOL: expected the arguments "-m pyspark.worker", found "${process.argv.slice(2).join(" ")}"\n`,
  );
  process.exit(1);
}

try {
  await main(fileURLToPath(import.meta.url));
} catch (error) {
  process.stderr.write(`spark-connect worker: ${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}
