/** Opens a session for the engine: settings, and what the cluster has. */
import { setTimeout as sleep } from "node:timers/promises";
import { SparkSession, type WorkerOptions } from "@axonloom/spark-connect";
import { AxonloomError } from "../../errors.ts";
import { attemptsOf } from "./checks.ts";
import { fromSparkError } from "./errors.ts";
import { readSettings, type Settings, sizeOf } from "./facts.ts";

/** What the engine relies on; all can be set in a session of any server. */
const SETTINGS = {
  // One task a partition, as planned: nothing is put together or cut again.
  "spark.sql.adaptive.enabled": "false",
  "spark.sql.unionOutputPartitioning": "false",
  // Local rows: one partition a row.
  "spark.sql.leafNodeDefaultParallelism": "1000000",
  // Rows may be large.
  "spark.sql.inMemoryColumnarStorage.batchSize": "1",
  "spark.sql.inMemoryColumnarStorage.compressed": "false",
  "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
  "spark.sql.execution.arrow.maxBytesPerBatch": String(64 * 2 ** 20),
  // Until a stage has a name.
  "spark.job.description": "axonloom: look at the executors",
};

export interface Cluster {
  readonly session: SparkSession;
  /** Spark's cores, as far as it counts them: 2 at least. */
  readonly cores: number;
  readonly settings: Settings;
  readonly maxAttempts: number;
  /** Of the rows of one job that come back: Spark ends a job above it. */
  readonly maxResultBytes: number;
}

export interface OpenOptions {
  readonly token?: string;
  readonly worker?: WorkerOptions;
  /** Of every operation. */
  readonly tags?: readonly string[];
  /** The cluster's server has just been started: its executors are still coming. */
  readonly fresh?: boolean;
}

/** How long the first task may wait for an executor. */
const FIRST_TASK_MS = 300_000;
/** Executors start within so much of each other. */
const SETTLED_MS = 3_000;

/** `E_SPARK_UNREACHABLE`, `E_SPARK_VERSION`; `E_SPARK_WORKER` when no executor takes a task for minutes. */
export async function openCluster(url: string, { fresh = false, ...options }: OpenOptions): Promise<Cluster> {
  try {
    const session = await SparkSession.connect(url, options);
    try {
      await firstTask(session);
      const cores = fresh ? await settledCores(session) : await coresOf(session);
      const settings = await readSettings(session);
      await session.config.set(SETTINGS);
      return { session, cores, settings, maxAttempts: attemptsOf(settings), maxResultBytes: resultBytesOf(settings) };
    } catch (error) {
      await session.close();
      throw error;
    }
  } catch (error) {
    throw fromSparkError(error);
  }
}

/** Without this, a cluster that has nothing for us would be waited for without a word. */
async function firstTask(session: SparkSession): Promise<void> {
  const signal = AbortSignal.timeout(FIRST_TASK_MS);
  try {
    await session.range(1, { numPartitions: 1 }).collect({ signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AxonloomError(
      "E_SPARK_WORKER",
      `expected an executor of Spark to take a task within ${FIRST_TASK_MS / 60_000} minutes, found none: the cluster has no room for one (spark.executor.memory, spark.executor.cores), ` +
        "others use all of it, or its executors cannot reach the driver; the cluster's page and the executors' logs say which",
    );
  }
}

/** Spark's own default for the number of tasks: the cores that it has now. */
async function coresOf(session: SparkSession): Promise<number> {
  const [row] = await session.range(10_000).select("spark_partition_id() as p").groupBy().agg("count(distinct p) as n").collect();
  return Number((row as { readonly n: bigint }).n);
}

/** The number once no executor has come for a while. */
async function settledCores(session: SparkSession): Promise<number> {
  let cores = await coresOf(session);
  for (let since = Date.now(); Date.now() - since < SETTLED_MS; await sleep(500)) {
    const now = await coresOf(session);
    if (now === cores) continue;
    cores = now;
    since = Date.now();
  }
  return cores;
}

function resultBytesOf(settings: Settings): number {
  const bytes = sizeOf(settings["spark.driver.maxResultSize"] ?? "1g", "b");
  return bytes === null || bytes === 0 ? Number.POSITIVE_INFINITY : bytes; // 0: no limit
}
