/** Settings of the session and of the server. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "../call-options.ts";
import { type ConfigRequest_OperationSchema, type ConfigResponse, SparkConnectService } from "../gen/spark/connect/connect_pb.ts";
import type { Connection } from "./connection.ts";

type Operation = NonNullable<MessageInitShape<typeof ConfigRequest_OperationSchema>["opType"]>;

/** Only settings that `isModifiable` can be set per session. Those that begin with `spark` reach the workers as task properties. */
export class SessionConfig {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Throws `E_SPARK_QUERY` when the server knows no such setting, or refuses the change. */
  async set(pairs: Readonly<Record<string, string | number | boolean>>, options: CallOptions = {}): Promise<void> {
    const entries = Object.entries(pairs).map(([key, value]) => ({ key, value: String(value) }));
    await this.#ask({ case: "set", value: { pairs: entries } }, options);
  }

  /** The session's value or Spark's default. Throws `E_SPARK_QUERY` (error class `SQL_CONF_NOT_FOUND`) for an unknown key without value. */
  async get(key: string, options: CallOptions = {}): Promise<string | null> {
    return first(await this.#ask({ case: "get", value: { keys: [key] } }, options));
  }

  /** Also settings of the core, such as `spark.python.use.daemon`; null when not set. */
  async getOption(key: string, options: CallOptions = {}): Promise<string | null> {
    return first(await this.#ask({ case: "getOption", value: { keys: [key] } }, options));
  }

  /** Several at once; those that are not set are null. */
  async getOptions(keys: readonly string[], options: CallOptions = {}): Promise<Record<string, string | null>> {
    const { pairs } = await this.#ask({ case: "getOption", value: { keys: [...keys] } }, options);
    return Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? null]));
  }

  /** All settings whose key begins with `prefix`; the keys come back without it. */
  async getAll(prefix = "", options: CallOptions = {}): Promise<Record<string, string | null>> {
    const { pairs } = await this.#ask({ case: "getAll", value: prefix === "" ? {} : { prefix } }, options);
    return Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? null]));
  }

  async unset(key: string, options: CallOptions = {}): Promise<void> {
    await this.#ask({ case: "unset", value: { keys: [key] } }, options);
  }

  async isModifiable(key: string, options: CallOptions = {}): Promise<boolean> {
    return first(await this.#ask({ case: "isModifiable", value: { keys: [key] } }, options)) === "true";
  }

  #ask(opType: Operation, options: CallOptions): Promise<ConfigResponse> {
    return this.#connection.unary(SparkConnectService.method.config, { operation: { opType } }, options);
  }
}

function first(response: ConfigResponse): string | null {
  return response.pairs[0]?.value ?? null;
}
