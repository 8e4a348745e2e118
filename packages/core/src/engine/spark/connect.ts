/** Opens a session for the engine: settings, what the cluster can do, and the proof that its executors can do our work. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { rowsOf, SparkSession, sparkFunction, type WorkerOptions } from "@axonloom/spark-connect";
import { AxonloomError } from "../../errors.ts";
import { writeEntry } from "./bundle.ts";
import { fromSparkError } from "./errors.ts";
import { PROBE_SCHEMA } from "./task.ts";

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
};

export interface Cluster {
  readonly session: SparkSession;
  readonly slots: number;
  readonly maxAttempts: number;
  /** Of the rows of one job that come back: Spark ends a job above it. */
  readonly maxResultBytes: number;
}

export async function openCluster(
  url: string,
  options: { readonly token?: string; readonly worker?: WorkerOptions },
): Promise<Cluster> {
  try {
    const session = await SparkSession.connect(url, options);
    try {
      const slots = await slotsOf(session);
      await session.config.set(SETTINGS);
      return { session, slots, maxAttempts: await attemptsOf(session), maxResultBytes: await resultBytesOf(session) };
    } catch (error) {
      await session.close();
      throw error;
    }
  } catch (error) {
    throw fromSparkError(error);
  }
}

/** Spark's own default for the number of tasks: the cores that it has. */
async function slotsOf(session: SparkSession): Promise<number> {
  const [row] = await session.range(10_000).select("spark_partition_id() as p").groupBy().agg("count(distinct p) as n").collect();
  return Number((row as { readonly n: bigint }).n);
}

async function attemptsOf({ config }: SparkSession): Promise<number> {
  const master = (await config.getOption("spark.master")) ?? "";
  if (master.startsWith("local")) return Number(/^local\[[^,\]]+,\s*(\d+)\]/.exec(master)?.[1] ?? 1);
  return Number((await config.getOption("spark.task.maxFailures")) ?? 4);
}

async function resultBytesOf({ config }: SparkSession): Promise<number> {
  const bytes = sizeOf((await config.getOption("spark.driver.maxResultSize")) ?? "1g");
  return bytes === 0 ? Number.POSITIVE_INFINITY : bytes; // 0: no limit
}

/** Bytes of a size as Spark writes it: `1g`, `512m`, `1048576`, `2gb`. NaN for something else. */
export function sizeOf(text: string): number {
  const [, number, unit = ""] = /^(\d+)\s*([kmgtp]?)i?b?$/i.exec(text.trim()) ?? [];
  return Number(number) * 1024 ** ["", "k", "m", "g", "t", "p"].indexOf(unit.toLowerCase());
}

/** Tasks on the executors read a file that was just written. Throws `E_SPARK_WORKER` or `E_SPARK_STORE`. */
export async function probeExecutors({ session, slots }: Cluster, sharedFolder: string): Promise<void> {
  await mkdir(sharedFolder, { recursive: true });
  const file = join(sharedFolder, `probe-${randomUUID()}`);
  const secret = randomUUID();
  await writeFile(file, secret);
  const fn = sparkFunction(await writeEntry(sharedFolder, []), "probe", { returns: PROBE_SCHEMA, parameters: { file } });
  const tasks = session.range(slots, { numPartitions: slots }).mapPartitions(fn);
  try {
    for await (const batch of tasks.batches()) {
      for (const { host, node, found } of rowsOf(batch) as Iterable<Record<"host" | "node" | "found", string>>) {
        if (found !== secret) throw notShared(sharedFolder, host, found);
        if (Number(node.split(".")[0]) < 20) throw tooOld(host, node);
      }
    }
  } catch (error) {
    const known = fromSparkError(error);
    if (!(known instanceof AxonloomError) || !["E_WORKER_DIED", "E_SPARK_FAILED"].includes(known.code)) throw known;
    throw new AxonloomError(
      "E_SPARK_WORKER",
      `expected Spark's executors to run a Node.js task, found: ${known.message}; install Node.js 20 or newer on every executor and put it on their PATH, or say where it is with --node-path`,
      {},
      error,
    );
  } finally {
    await rm(file, { force: true });
  }
}

function notShared(folder: string, host: string, found: string): AxonloomError {
  return new AxonloomError(
    "E_SPARK_STORE",
    `expected the executor on ${host} to see the run folder as ${hostname()} does (${folder}), found: ${found}; put checkpoint-dir, input and output on storage that all machines have under the same path`,
    { folder, host, found },
  );
}

function tooOld(host: string, found: string): AxonloomError {
  return new AxonloomError(
    "E_SPARK_WORKER",
    `expected Node.js 20 or newer on the executor ${host}, found ${found}; install a newer one`,
    {
      host,
      found,
    },
  );
}
