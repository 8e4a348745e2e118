/** A function for Spark's tasks: named by module and export, never a closure, so that it can be shipped. */
import { SparkConnectError } from "../errors.ts";
import type { JsonValue } from "../function.ts";
import { parseSchema } from "../schema.ts";

export interface FunctionOptions {
  /** Output columns as DDL, for instance `id long, blob binary`. */
  readonly returns: string;
  /** What Spark's pages call it in a plan. Default: the export. */
  readonly name?: string;
  /** Handed to the function with each task; small (it is part of the plan). */
  readonly parameters?: JsonValue;
  /** Whether the same input always gives the same rows. Default true: Spark computes lost partitions again. */
  readonly deterministic?: boolean;
  /** The module is one file with all it needs, and is shipped as it is. Default false: it is bundled first. */
  readonly bundled?: boolean;
}

export interface SparkFunction {
  readonly module: string;
  readonly export: string;
  readonly name: string;
  readonly returns: string;
  /** Names of the output columns. */
  readonly columns: readonly string[];
  readonly parameters: JsonValue;
  readonly deterministic: boolean;
  readonly bundled: boolean;
}

/**
 * @param module file of the function, usually `new URL("./functions.ts", import.meta.url)`: TypeScript or JavaScript.
 * @param name the export. @returns a description to give to `mapPartitions` and its kin.
 */
export function sparkFunction(module: URL | string, name: string, options: FunctionOptions): SparkFunction {
  const schema = parseSchema(options.returns); // here, where the stack shows who wrote it
  return {
    module: module instanceof URL ? module.href : module,
    export: name,
    name: options.name ?? name,
    returns: options.returns,
    columns: schema.fields.map((field) => field.name),
    parameters: checkedJson(options.parameters ?? null, name),
    deterministic: options.deterministic ?? true,
    bundled: options.bundled ?? false,
  };
}

function checkedJson(value: JsonValue, name: string): JsonValue {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return JSON.parse(text);
  } catch (cause) {
    throw notJson(name, cause);
  }
  throw notJson(name);
}

function notJson(name: string, cause?: unknown): SparkConnectError {
  return new SparkConnectError(
    "E_SPARK_ARGUMENT",
    `parameters of the function "${name}" must be plain JSON data: no bigint, function or circle`,
    { name },
    cause,
  );
}
