/** Makes the Spark engine of a run: connects, starts a server first when none is named, and proves that the executors can work. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { AxonloomError } from "../../errors.ts";
import { refuseFailed } from "../check.ts";
import type { EngineFactory } from "../types.ts";
import type { SessionEnd } from "./engine.ts";
import { endLeftover } from "./leftover.ts";
import { endRecord, recordOf, writeRecord } from "./record.ts";

export interface SparkEngineFactoryOptions {
  /** `sc://host:port…`: a server that runs; it is never stopped. Absent: one is started here, for this run. */
  readonly url?: string;
  /** Token of that server; absent: SPARK_CONNECT_AUTHENTICATE_TOKEN of the environment. */
  readonly token?: string;
  /** Without `url`: the cluster, `spark://host:7077`, `yarn` or `k8s://…`; absent: this machine. */
  readonly master?: string;
  /** On this machine: tasks at once; absent: as many as cores and memory allow. */
  readonly workers?: number;
  /** On this machine, without `url`: memory to plan with; absent: what the machine has. */
  readonly memoryBytes?: number;
  /** Cores that one task uses (`corespertask`). */
  readonly coresPerTask?: number;
  /** Without `url`: heap of the server, as in `4g`. */
  readonly heap?: string;
  /** Without `url`: further settings of Spark. */
  readonly conf?: Readonly<Record<string, string>>;
  /** Without `url`: folder of a Spark 4.1; absent: SPARK_HOME, else what `axonloom setup spark` has installed. */
  readonly sparkHome?: string;
  /** Node's executable on the executors; absent: `node` on their PATH. */
  readonly nodePath?: string;
}

/**
 * `E_SPARK_…` when the engine is made: nothing found, wrong version, no Node.js on an executor, a run folder that executors do not see;
 * `E_MEMORY` when the tasks do not fit into the executors.
 */
export function sparkEngineFactory(options: SparkEngineFactoryOptions = {}): EngineFactory {
  return async ({ bytesPerTask, runFolder, onEvent }) => {
    await endLeftover(runFolder, { ...withoutAbsent({ url: options.url, token: options.token }), onEvent });
    // Loaded here: who works locally does not wait for gRPC, Arrow and esbuild.
    const [
      { openCluster },
      { probeExecutors },
      { SparkEngine },
      { lastWords },
      { startOwnServer },
      { checkCluster },
      { describeFacts },
      { parseConnectionString },
    ] = await Promise.all([
      import("./connect.ts"),
      import("./probe.ts"),
      import("./engine.ts"),
      import("./server.ts"),
      import("./own-server.ts"),
      import("./checks.ts"),
      import("./facts.ts"),
      import("@axonloom/spark-connect"),
    ]);
    const { url, token, memoryBytes, coresPerTask = 1, nodePath } = options;
    const server = url === undefined ? await startOwnServer(options, bytesPerTask) : null;
    const tag = `axonloom-${randomUUID()}`;
    const note = (level: string, key: string, message: string) => {
      onEvent({ type: "log", label: "Spark", key, detail: { level, message } });
    };
    try {
      const cluster = await openCluster(url ?? server!.url, {
        ...withoutAbsent({ token: server?.token ?? token }),
        worker: withoutAbsent({ nodePath }),
        tags: [tag],
        fresh: options.master !== undefined && url === undefined,
      });
      const sharedFolder = join(runFolder, "spark", randomUUID());
      const record = recordOf(parseConnectionString(url ?? server!.url, server?.token ?? token), cluster.session, tag, server);
      const onClose = async (end: SessionEnd) => {
        await server?.stop();
        await endRecord(runFolder, record, server === null ? end : "quiet");
      };
      const engine = new SparkEngine({ ...cluster, slots: cluster.cores, tag, sharedFolder, onEvent, onClose });
      server?.onDeath((log) => engine.lose(died(lastWords(log))));
      try {
        await writeRecord(runFolder, record);
        const probed = await probeExecutors(cluster.session, { cores: cluster.cores, sharedFolder });
        const facts = { version: cluster.session.version, settings: cluster.settings, ...probed };
        note("info", "cluster", describeFacts(facts));
        const checks = checkCluster(facts, { bytesPerTask, coresPerTask, runFolder, ...withoutAbsent({ memoryBytes }) });
        for (const { name, status, found, advice } of checks)
          if (status === "warning") note("warn", name, `${advice}; found ${found}`);
        refuseFailed(checks);
        engine.slots = probed.executors.reduce((sum, { slots }) => sum + slots, 0);
        await engine.prepare();
        return engine;
      } catch (error) {
        await engine.close();
        throw error;
      }
    } catch (error) {
      await server?.stop();
      throw error;
    }
  };
}

function died(log: string): AxonloomError {
  return new AxonloomError(
    "E_SPARK_LOST",
    `the Spark server of this run has ended; the same command goes on from the run folder, perhaps with more memory for it (--spark-heap). Its last words: ${log}`,
  );
}

function withoutAbsent<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
