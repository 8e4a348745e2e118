/** What a Spark cluster is: version, settings that matter, executors. */
import type { SparkSession } from "@axonloom/spark-connect";
import type { Probed } from "./probe.ts";

/** Settings that decide whether, and how well, our tasks run. They are the server's: a session cannot change them. */
const KEYS = [
  "spark.master",
  "spark.app.id",
  "spark.task.cpus",
  "spark.task.maxFailures",
  "spark.speculation",
  "spark.executor.cores",
  "spark.executor.memory",
  "spark.executor.memoryOverhead",
  "spark.executor.memoryOverheadFactor",
  "spark.executor.minMemoryOverhead",
  "spark.executor.pyspark.memory",
  "spark.driver.memory",
  "spark.driver.maxResultSize",
  "spark.dynamicAllocation.enabled",
  "spark.python.unix.domain.socket.enabled",
  "spark.python.worker.idleTimeoutSeconds",
  "spark.sql.pyspark.udf.profiler",
] as const;

export type SettingKey = (typeof KEYS)[number];
/** null: not set. */
export type Settings = Readonly<Record<SettingKey, string | null>>;

export interface SparkFacts extends Probed {
  readonly version: string;
  readonly settings: Settings;
}

export async function readSettings({ config }: SparkSession): Promise<Settings> {
  const values = await Promise.all(KEYS.map(async (key) => [key, await config.getOption(key)] as const));
  return Object.fromEntries(values) as Settings;
}

/** One line for the log. */
export function describeFacts({ version, settings, executors, noexec }: SparkFacts): string {
  const hosts = executors.map(({ host, slots, node, arch }) => `${host} (${slots} at once, Node.js ${node}, ${arch})`);
  const set = KEYS.filter((key) => settings[key] !== null).map((key) => `${key}=${settings[key]}`);
  const unset = KEYS.filter((key) => settings[key] === null);
  const launched = noexec ? ", whose folder for artifacts is mounted noexec" : "";
  return `Spark ${version}; executors: ${hosts.join(", ")}${launched}; ${set.join(", ")}; as Spark has them by default: ${unset.join(", ")}`;
}

/** Bytes that a setting of Spark means; a bare number counts in `unit`. null: not set. */
export function sizeOf(text: string | null, unit: "b" | "m"): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?$/i.exec(text?.trim() ?? "");
  if (match === null) return null;
  const power = "bkmgtp".indexOf(match[2] === "" ? unit : match[2]!.toLowerCase());
  return Math.round(Number(match[1]) * 1024 ** power);
}
