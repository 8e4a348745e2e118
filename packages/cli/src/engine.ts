/** `--engine`: where the work runs. */
import { type EngineFactory, type SparkEngineFactoryOptions, sparkEngineFactory } from "@axonloom/core";
import { type Command, InvalidArgumentError } from "commander";
import { type ResourceOptions, resources } from "./command.ts";

export type EngineChoice =
  | { readonly kind: "local" }
  /** A server of our own on this machine; `workers` null: as many tasks at once as fit. */
  | { readonly kind: "spark-local"; readonly workers: number | null }
  /** A server of our own whose executors are a cluster's. */
  | { readonly kind: "cluster"; readonly master: string }
  | { readonly kind: "connect"; readonly url: string };

export interface EngineOptions extends ResourceOptions {
  readonly engine?: EngineChoice;
  readonly nodePath?: string;
  readonly sparkHeap?: string;
  readonly sparkConf?: Readonly<Record<string, string>>;
}

const ENGINES = "local, spark-local, spark-local[N], spark://host:port, yarn, k8s://https://host:port or sc://host:port";

export function withEngine(target: Command): Command {
  return target
    .option("--engine <engine>", `where the work runs: ${ENGINES}`, engineChoice)
    .option("--node-path <path>", "with Spark: Node.js on its executors; by default node on their PATH")
    .option("--spark-heap <size>", "with a Spark server that is started here: its heap, as in 8g; by default 4g", heapSize)
    .option(
      "--spark-conf <key=value>",
      "with a Spark server that is started here: a setting of Spark, beside those of its conf/spark-defaults.conf; repeatable",
      setting,
    );
}

export function engineChoice(text: string): EngineChoice {
  if (text === "local") return { kind: "local" };
  if (text.startsWith("sc://")) return { kind: "connect", url: text };
  if (text === "yarn" || /^(?:spark|k8s):\/\/[^\s/]/.test(text)) return { kind: "cluster", master: text };
  const match = /^spark-local(?:\[(\*|[1-9]\d{0,3})\])?$/.exec(text);
  if (match === null) throw new InvalidArgumentError(`Expected ${ENGINES}.`);
  return { kind: "spark-local", workers: match[1] === undefined || match[1] === "*" ? null : Number(match[1]) };
}

/** The factory that a run takes; null: the local engine. */
export function engineOf(options: EngineOptions, coresPerTask: number): EngineFactory | null {
  const spark = sparkOptionsOf(options);
  return spark === null ? null : sparkEngineFactory({ ...spark, coresPerTask });
}

/** null: the local engine. */
export function sparkOptionsOf(options: EngineOptions): SparkEngineFactoryOptions | null {
  const { engine = { kind: "local" }, nodePath, sparkHeap: heap, sparkConf: conf } = options;
  const node = nodePath === undefined ? {} : { nodePath };
  if (engine.kind === "local") return null;
  if (engine.kind === "connect") return { url: engine.url, ...node };
  const server = { ...node, ...(heap !== undefined && { heap }), ...(conf !== undefined && { conf }) };
  if (engine.kind === "cluster") return { master: engine.master, ...server };
  return { ...resources(options), ...(engine.workers !== null && { workers: engine.workers }), ...server };
}

function heapSize(text: string): string {
  if (/^[1-9]\d*[mg]$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("Expected a size as Java writes it, as in 4g or 3000m.");
}

function setting(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const match = /^(spark\.[^=\s]+)=(.*)$/s.exec(text);
  if (match === null) throw new InvalidArgumentError("Expected a setting of Spark, as in spark.executor.memory=2g.");
  return { ...before, [match[1]!]: match[2]! };
}
