/** Settings of a server that decide how Node workers live. Most are fixed when the server starts: they can be read, and refused, not changed. */
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import type { SessionConfig } from "./config.ts";

/** Spark 4.1's defaults, for what is not set. */
const DEFAULTS = {
  "spark.python.use.daemon": "true",
  "spark.python.worker.reuse": "true",
  "spark.python.task.killTimeout": "2s",
  "spark.python.worker.idleTimeoutSeconds": "0",
  "spark.python.worker.killOnIdleTimeout": "false",
  "spark.python.unix.domain.socket.enabled": "false",
  "spark.task.cpus": "1",
  "spark.task.maxFailures": "4",
  "spark.speculation": "false",
  "spark.executor.memory": "1g",
  "spark.executor.memoryOverhead": null,
  "spark.executor.memoryOverheadFactor": "0.1",
  "spark.executor.pyspark.memory": null,
  "spark.driver.maxResultSize": "1g",
  "spark.sql.pyspark.udf.profiler": null,
  "spark.sql.execution.arrow.compression.codec": "none",
} as const satisfies Record<string, string | null>;

export type WorkerSettings = Readonly<Record<keyof typeof DEFAULTS, string | null>>;

/** What the server and the session say, or Spark's default; null: not set, and no default. */
export async function readWorkerSettings(config: SessionConfig, options: CallOptions = {}): Promise<WorkerSettings> {
  const found = await config.getOptions(Object.keys(DEFAULTS), options);
  return Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, found[key] ?? value])) as WorkerSettings;
}

/** Throws `E_SPARK_SETTING` for a setting under which no Node worker can run. */
export function checkWorkerSettings(settings: WorkerSettings): void {
  refuse(
    settings,
    "spark.python.unix.domain.socket.enabled",
    /^true$/i,
    "false (a setting of the server, or PYSPARK_UDS_MODE in its environment)",
  );
  refuse(settings, "spark.sql.pyspark.udf.profiler", /./, "no value (unset it)");
  refuse(settings, "spark.sql.execution.arrow.compression.codec", /^(?!none$)/i, "none");
}

function refuse(settings: WorkerSettings, key: keyof WorkerSettings, wrong: RegExp, expected: string): void {
  const found = settings[key];
  if (found === null || !wrong.test(found)) return;
  throw new SparkConnectError(
    "E_SPARK_SETTING",
    `expected ${expected} for ${key}, found "${found}": Node workers cannot run like this`,
    {
      key,
      found,
    },
  );
}
