/**
 * The description of a function that Spark runs in a Node worker, and its form in the plan. Both sides import this file:
 * the client packs a `FunctionCommand` into the `command` bytes of the Python UDF node, the worker unpacks it.
 *
 * What travels where
 * - `command`      = UTF-8 JSON of `FunctionCommand`
 * - `python_ver`   = `WORKER_PROTOCOL`; the worker checks it first, and a real Python that was started by mistake refuses it
 * - `files/<name>` = artifacts: the user's bundle, the worker's bundle, and a launcher; they land in the worker's working folder
 * - the session setting `PYTHON_EXECUTABLE_KEY` = `./<name of the launcher>`, which ends in `exec node ./<worker bundle> "$@"`
 *   (arguments: `-m pyspark.worker`, or `-m pyspark.daemon pyspark.worker`)
 */
import { SparkConnectError } from "./errors.ts";

/** `python_ver` of the plan: the framing of Spark 4.1. */
export const WORKER_PROTOCOL = "node-20/spark-4.1";

/** Session setting that names the executable which Spark starts as "python". */
export const PYTHON_EXECUTABLE_KEY = "spark.sql.execution.pyspark.python";

/** Kinds of plan nodes, by the number that the worker gets as eval type. */
export const EVAL_TYPE = { map: 207, group: 209, cogroup: 210 } as const;

/** Plain data: what survives JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface FunctionCommand {
  /** File in the working folder, `bundle-<sha256 of its bytes, 64 hex digits>.mjs`: the worker checks the hash before it imports it. */
  readonly bundle: string;
  /** Name of the exported function. */
  readonly export: string;
  /** Handed to the function; `null` when there are none. */
  readonly parameters: JsonValue;
  /** Output columns as DDL, for instance `id long, blob binary`; `parseSchema` gives the Arrow schema, which the worker sends at once. */
  readonly output: string;
}

export type ArtifactKind = "bundle" | "worker" | "launcher";

/** Name of a file artifact, which carries its own hash: another content under a name already used is refused by Spark. */
export function artifactName(kind: ArtifactKind, sha256: string): string {
  return `${kind}-${sha256}.${kind === "launcher" ? "sh" : "mjs"}`;
}

/** The hash that a name carries; null when it is no name of ours. */
export function hashOfArtifactName(name: string): string | null {
  return /^(?:bundle|worker|launcher)-([0-9a-f]{64})\.(?:mjs|sh)$/.exec(name)?.[1] ?? null;
}

/** The bytes are the same for the same description: Spark recognises a persisted plan by them. */
export function packCommand(command: FunctionCommand): Uint8Array {
  const { bundle, export: name, parameters, output } = command;
  return new TextEncoder().encode(JSON.stringify({ bundle, export: name, parameters, output }));
}

/** Throws `E_SPARK_PROTOCOL` for anything but what `packCommand` makes. */
export function unpackCommand(bytes: Uint8Array): FunctionCommand {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed(`${bytes.length} bytes that are not JSON`, cause);
  }
  if (typeof value !== "object" || value === null) throw malformed(JSON.stringify(value));
  const { bundle, export: name, parameters, output } = value as Partial<FunctionCommand>;
  if (typeof bundle !== "string" || !bundle.startsWith("bundle-") || hashOfArtifactName(bundle) === null) {
    throw malformed(`bundle ${JSON.stringify(bundle)}`);
  }
  if (typeof name !== "string" || name === "") throw malformed(`export ${JSON.stringify(name)}`);
  if (typeof output !== "string") throw malformed(`output ${JSON.stringify(output)}`);
  return { bundle, export: name, parameters: parameters ?? null, output };
}

function malformed(found: string, cause?: unknown): SparkConnectError {
  return new SparkConnectError(
    "E_SPARK_PROTOCOL",
    `expected a function as JSON { bundle, export, parameters, output }, found ${found}: the plan was made by another program`,
    { found },
    cause,
  );
}
