/** Tasks that prove that the executors can do our work, and tell what they are. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
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

export interface Probed {
  readonly executors: readonly Executor[];
  /** Their folder for artifacts is mounted `noexec`: from now on their shell runs our launcher. */
  readonly noexec: boolean;
}

/**
 * Runs as many tasks as Spark has cores; they read a file that was just written to `sharedFolder`. Executors that cannot run Node.js at
 * all: `E_SPARK_WORKER`. What is wrong with those that can is in the answer.
 */
export async function probeExecutors(
  session: SparkSession,
  { cores, sharedFolder }: { readonly cores: number; readonly sharedFolder: string },
): Promise<Probed> {
  await mkdir(sharedFolder, { recursive: true });
  const file = join(sharedFolder, `probe-${randomUUID()}`);
  const secret = randomUUID();
  await writeFile(file, secret);
  const run = async () => {
    const rows: ProbeRow[] = [];
    const fn = sparkFunction(await writeEntry(sharedFolder, []), "probe", { returns: PROBE_SCHEMA, parameters: { file } });
    for await (const batch of session.range(cores, { numPartitions: cores }).mapPartitions(fn).batches()) {
      rows.push(...(rowsOf(batch) as Iterable<unknown> as Iterable<ProbeRow>));
    }
    return rows;
  };
  try {
    let noexec = false;
    const rows = await run().catch((error: unknown) => {
      // The folder that Spark starts our launcher in may be mounted `noexec`.
      if (!(error instanceof Error) || !/Cannot run program "\.\/.*Permission denied/s.test(error.message)) throw error;
      noexec = true;
      session.bundles.runByShell();
      return run();
    });
    return { executors: executorsOf(rows, secret), noexec };
  } catch (error) {
    throw notRunning(fromSparkError(error));
  } finally {
    await rm(file, { force: true });
  }
}

function notRunning(error: unknown): unknown {
  if (!(error instanceof AxonloomError) || !["E_WORKER_DIED", "E_SPARK_FAILED"].includes(error.code)) return error;
  const reason = error.message
    .replace(/^Spark: (?:Job aborted due to stage failure: Task .*?most recent failure: )?/s, "")
    .replace(/; give the executors more memory.*$/s, "");
  return new AxonloomError(
    "E_SPARK_WORKER",
    `expected Spark's executors to run a Node.js task, found: ${reason}; install Node.js ${MINIMUM_NODE} or newer on every executor and put it on their PATH, ` +
      "or say where it is with --node-path; the executor's log (stderr) has the worker's own words",
    {},
    error,
  );
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
