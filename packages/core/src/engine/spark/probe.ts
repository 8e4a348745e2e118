/** Tasks that prove that the executors can do our work, and tell what they are. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { rowsOf, type SparkSession, sparkFunction } from "@axonloom/spark-connect";
import { AxonloomError } from "../../errors.ts";
import { writeEntry } from "./bundle.ts";
import { fromSparkError } from "./errors.ts";
import { PROBE_SCHEMA, type ProbeRow } from "./task.ts";

export const MINIMUM_NODE = 20;

/** One executor, as its tasks see it. */
export interface Executor {
  readonly host: string;
  /** Tasks that ran there at the same time. */
  readonly slots: number;
  /** Of the machine, or of its container. */
  readonly memoryBytes: number;
  readonly cores: number;
  /** Version, as in `20.19.0`. */
  readonly node: string;
  /** Processor architecture, as in `x64`. */
  readonly arch: string;
  /** null: it sees the shared folder; else what it found there. */
  readonly blind: string | null;
}

/**
 * Runs as many tasks as Spark has cores; they read a file that was just written to `sharedFolder`. Executors that cannot run Node.js at
 * all: `E_SPARK_WORKER`. What is wrong with those that can is in the answer.
 */
export async function probeExecutors(
  session: SparkSession,
  { cores, sharedFolder }: { readonly cores: number; readonly sharedFolder: string },
): Promise<Executor[]> {
  await mkdir(sharedFolder, { recursive: true });
  const file = join(sharedFolder, `probe-${randomUUID()}`);
  const secret = randomUUID();
  await writeFile(file, secret);
  const rows: ProbeRow[] = [];
  try {
    const fn = sparkFunction(await writeEntry(sharedFolder, []), "probe", { returns: PROBE_SCHEMA, parameters: { file } });
    for await (const batch of session.range(cores, { numPartitions: cores }).mapPartitions(fn).batches()) {
      rows.push(...(rowsOf(batch) as Iterable<unknown> as Iterable<ProbeRow>));
    }
  } catch (error) {
    const known = fromSparkError(error);
    if (!(known instanceof AxonloomError) || !["E_WORKER_DIED", "E_SPARK_FAILED"].includes(known.code)) throw known;
    throw new AxonloomError(
      "E_SPARK_WORKER",
      `expected Spark's executors to run a Node.js task, found: ${known.message}; install Node.js ${MINIMUM_NODE} or newer on every executor and put it on their PATH, or say where it is with --node-path`,
      {},
      error,
    );
  } finally {
    await rm(file, { force: true });
  }
  return executorsOf(rows, secret);
}

/** Throws `E_SPARK_WORKER` or `E_SPARK_STORE` for the first executor that cannot do our work. */
export function checkExecutors(executors: readonly Executor[], sharedFolder: string): void {
  for (const { host, node, blind } of executors) {
    if (blind !== null) throw notShared(sharedFolder, host, blind);
    if (Number(node.split(".")[0]) < MINIMUM_NODE) throw tooOld(host, node);
  }
}

/** Workers are used again, so tasks with workers of their own ran at the same time. */
function executorsOf(rows: readonly ProbeRow[], secret: string): Executor[] {
  const executors = new Map<string, ProbeRow[]>();
  for (const row of rows) {
    const id = `${row.host} ${row.executor}`;
    executors.set(id, [...(executors.get(id) ?? []), row]);
  }
  return [...executors.values()].map((tasks) => {
    const { host, node, arch, memory, cores } = tasks[0]!;
    return {
      host,
      slots: new Set(tasks.map(({ worker }) => worker)).size,
      memoryBytes: Number(memory),
      cores,
      node,
      arch,
      blind: tasks.find(({ found }) => found !== secret)?.found ?? null,
    };
  });
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
    `expected Node.js ${MINIMUM_NODE} or newer on the executor ${host}, found ${found}; install a newer one`,
    { host, found },
  );
}
