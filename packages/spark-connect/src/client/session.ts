/** A session on a Connect server: where plans, settings, artifacts, views and persisted rows live. */

import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { userInfo } from "node:os";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RecordBatch } from "apache-arrow";
import { batchOf } from "../batch.ts";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import {
  type CommandSchema,
  type ExecutePlanResponse,
  type PlanSchema,
  SparkConnectService,
} from "../gen/spark/connect/connect_pb.ts";
import { Artifacts } from "./artifacts.ts";
import { Bundles, type WorkerOptions } from "./bundles.ts";
import { SessionConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { parseConnectionString } from "./connection-string.ts";
import { INTERRUPT } from "./constants.ts";
import { DataFrame } from "./data-frame.ts";
import { execute, type Reattach } from "./execution.ts";
import { checkLocalRows, localRelationOf } from "./local-rows.ts";
import type { ActionOptions, PlanHost } from "./plan-host.ts";
import { DataFrameReader } from "./reader.ts";
import { type Progress, progressOf } from "./results.ts";
import { type TlsOptions, Transport } from "./transport.ts";
import { readWorkerSettings, type WorkerSettings } from "./worker-settings.ts";

export interface ConnectOptions extends CallOptions {
  /** Bearer token, when the connection string has none. Default: the environment's SPARK_CONNECT_AUTHENTICATE_TOKEN. */
  readonly token?: string;
  readonly tls?: TlsOptions;
  /** Tags of every operation of this session; no commas. */
  readonly tags?: readonly string[];
  /** How the executors start Node. */
  readonly worker?: WorkerOptions;
  /** How long a lost connection is tried again. Default 5 minutes: as long as the server keeps an operation that nobody listens to. */
  readonly reconnectMs?: number;
  /**
   * Silence after which a connection counts as dead and is replaced. Default 3 minutes: a living server ends each response stream after 2.
   */
  readonly silenceMs?: number;
  /** A small request after so long, so that the server does not end an idle session (after an hour). 0: never. Default 10 minutes. */
  readonly keepAliveMs?: number;
}

export interface SessionEvents {
  /** What Spark tells of a running operation, every two seconds or so. */
  progress: [Progress];
  /** A response stream was taken up again. */
  reattach: [Reattach];
}

/** The worker's protocol and the plans are those of this version. */
const SUPPORTED = /^4\.1\./;
const FIRST_CONTACT_MS = 30_000;

export class SparkSession extends EventEmitter<SessionEvents> implements PlanHost {
  readonly connection: Connection;
  readonly config: SessionConfig;
  readonly artifacts: Artifacts;
  readonly bundles: Bundles;
  /** Spark's version, for instance `4.1.4`. */
  readonly version: string;
  readonly #tags: readonly string[];
  readonly #keepAlive: NodeJS.Timeout | null = null;
  #lastPlanId = 0n;

  private constructor(connection: Connection, version: string, options: ConnectOptions) {
    super();
    this.connection = connection;
    this.version = version;
    this.config = new SessionConfig(connection);
    this.artifacts = new Artifacts(connection);
    this.bundles = new Bundles(this.artifacts, this.config, options.worker);
    this.#tags = (options.tags ?? []).map(checkedTag);
    const keepAliveMs = options.keepAliveMs ?? 600_000;
    if (keepAliveMs > 0) {
      const ping = () => void askVersion(connection, { retry: false }).catch(() => {}); // the next call will tell
      this.#keepAlive = setInterval(ping, keepAliveMs).unref();
    }
  }

  /**
   * Opens a session: `sc://host:15002/;token=…;use_ssl=true;user_id=…`. Throws `E_SPARK_UNREACHABLE`, `E_SPARK_UNAUTHENTICATED`,
   * `E_SPARK_VERSION`, or `E_SPARK_CONNECTION_STRING`.
   */
  static async connect(url = "sc://localhost:15002", options: ConnectOptions = {}): Promise<SparkSession> {
    const target = parseConnectionString(url, options.token ?? process.env["SPARK_CONNECT_AUTHENTICATE_TOKEN"]);
    const clientType = target.userAgent ?? `axonloom-spark-connect node/${process.versions.node}`;
    const connection = new Connection(new Transport(target, clientType, options.tls), {
      sessionId: target.sessionId ?? randomUUID(),
      userId: target.userId ?? ownName(),
      clientType,
      where: `${target.useSsl ? "TLS " : ""}${target.host}:${target.port}`,
      reconnectMs: options.reconnectMs ?? 300_000,
      silenceMs: options.silenceMs ?? 180_000,
    });
    try {
      const version = await askVersion(connection, { retry: false, timeoutMs: FIRST_CONTACT_MS, signal: options.signal });
      if (!SUPPORTED.test(version)) {
        throw new SparkConnectError(
          "E_SPARK_VERSION",
          `expected Spark 4.1.x at ${connection.settings.where}, found ${version}: the protocol changes between minor versions; use a server of version 4.1`,
          { found: version },
        );
      }
      return new SparkSession(connection, version, options);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get id(): string {
    return this.connection.settings.sessionId;
  }

  /** Identity of the session in the server's process: another one for the same `id` means that the server was restarted. */
  get serverSideId(): string {
    return this.connection.serverSideSessionId ?? "";
  }

  get userId(): string {
    return this.connection.settings.userId;
  }

  // ---- plans

  /** Numbers from 0, or from `start`, up to `end`, as a column `id long`. With `numPartitions`: exactly so many tasks. */
  range(
    end: number | bigint,
    options?: { readonly start?: number | bigint; readonly step?: number | bigint; readonly numPartitions?: number },
  ): DataFrame {
    const value = {
      start: BigInt(options?.start ?? 0),
      end: BigInt(end),
      step: BigInt(options?.step ?? 1),
      ...(options?.numPartitions === undefined ? {} : { numPartitions: options.numPartitions }),
    };
    return new DataFrame(this, () => ({ case: "range", value }), ["id"]);
  }

  /** A query; `DataFrame.createTempView` gives names to plans. */
  sql(query: string): DataFrame {
    return new DataFrame(this, () => ({ case: "sql", value: { query } }));
  }

  /**
   * Rows of the program, as Arrow batches of one schema; `batchOf` makes one from plain rows. Sent once, in blocks; at most 3 GiB.
   * Throws `E_SPARK_ARGUMENT` for types that Spark lacks.
   */
  fromArrow(batches: RecordBatch | readonly RecordBatch[]): DataFrame {
    const list = Array.isArray(batches) ? (batches as readonly RecordBatch[]) : [batches as RecordBatch];
    checkLocalRows(list);
    const columns = list[0]!.schema.fields.map((field) => field.name);
    return new DataFrame(this, (options) => localRelationOf(list, this.artifacts, options), columns);
  }

  /** Plain rows with the columns of `schema` (DDL). */
  fromRows(rows: readonly unknown[], schema: string): DataFrame {
    return this.fromArrow(batchOf(rows, schema));
  }

  get read(): DataFrameReader {
    return new DataFrameReader((relation) => new DataFrame(this, () => relation));
  }

  /** Runs a statement that changes something (`CREATE TABLE …`) and gives its result. */
  async statement(query: string, options: ActionOptions = {}): Promise<DataFrame> {
    const responses = await this.command(
      { case: "sqlCommand", value: { input: { relType: { case: "sql", value: { query } } } } },
      options,
    );
    for (const { responseType } of responses) {
      const relType = responseType.case === "sqlCommandResult" ? responseType.value.relation?.relType : undefined;
      if (relType?.case !== undefined) return new DataFrame(this, () => relType);
    }
    throw new SparkConnectError("E_SPARK_PROTOCOL", "expected the result of a statement, found none");
  }

  /** How the executors run Node workers: daemon, reuse, kill timeout, memory … Most are fixed when the server starts. */
  async workerSettings(options: CallOptions = {}): Promise<WorkerSettings> {
    return readWorkerSettings(this.config, options);
  }

  // ---- operations

  /** Interrupts operations by a tag and gives their ids; none is no error. They end with `E_SPARK_CANCELLED`. */
  async interruptTag(tag: string, options: CallOptions = {}): Promise<string[]> {
    return this.#interrupt({ interruptType: INTERRUPT.tag, interrupt: { case: "operationTag", value: checkedTag(tag) } }, options);
  }

  async interruptAll(options: CallOptions = {}): Promise<string[]> {
    return this.#interrupt({ interruptType: INTERRUPT.all }, options);
  }

  /** Ends the session on the server, with all that lives in it, and the connection. Running operations are interrupted. */
  async close(): Promise<void> {
    if (this.connection.closed) return;
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    try {
      await this.connection.unary(SparkConnectService.method.releaseSession, {}, { retry: false, timeoutMs: FIRST_CONTACT_MS });
    } catch {
      // a server that is gone has no session either
    } finally {
      this.connection.close();
    }
  }

  /** Ends the connection only: the session stays on the server until it expires, and `session_id` in a connection string finds it. */
  disconnect(): void {
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    this.connection.close();
  }

  /** @internal */
  nextPlanId(): bigint {
    return this.#lastPlanId++;
  }

  /** @internal Responses without the progress messages, which become events. */
  async *execute(
    plan: MessageInitShape<typeof PlanSchema>,
    options: ActionOptions,
  ): AsyncGenerator<ExecutePlanResponse, void, undefined> {
    const tags = [...new Set([...this.#tags, ...(options.tags ?? []).map(checkedTag)])];
    const onReattach = (event: Reattach) => void this.emit("reattach", event);
    for await (const response of execute(this.connection, plan, { signal: options.signal, tags, onReattach })) {
      if (response.responseType.case !== "executionProgress") yield response;
      else {
        const progress = progressOf(response.responseType.value);
        options.onProgress?.(progress);
        this.emit("progress", progress);
      }
    }
  }

  /** @internal */
  async command(
    commandType: NonNullable<MessageInitShape<typeof CommandSchema>["commandType"]>,
    options: ActionOptions,
  ): Promise<ExecutePlanResponse[]> {
    const responses: ExecutePlanResponse[] = [];
    for await (const response of this.execute({ opType: { case: "command", value: { commandType } } }, options))
      responses.push(response);
    return responses;
  }

  async #interrupt(
    request: { interruptType: number; interrupt?: { case: "operationTag"; value: string } },
    options: CallOptions,
  ): Promise<string[]> {
    return (await this.connection.unary(SparkConnectService.method.interrupt, request, options)).interruptedIds;
  }
}

async function askVersion(connection: Connection, options: CallOptions & { retry: boolean; timeoutMs?: number }): Promise<string> {
  const analyze = { case: "sparkVersion", value: {} } as const;
  const { result } = await connection.unary(SparkConnectService.method.analyzePlan, { analyze }, options);
  return result.case === "sparkVersion" ? result.value.version : "";
}

function checkedTag(tag: string): string {
  if (tag !== "" && !tag.includes(",")) return tag;
  throw new SparkConnectError(
    "E_SPARK_ARGUMENT",
    `expected a tag that is not empty and has no comma, found ${JSON.stringify(tag)}`,
    { tag },
  );
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return "node"; // a user id without an entry, common in containers
  }
}
