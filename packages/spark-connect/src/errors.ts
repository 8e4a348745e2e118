/**
 * Every error that a caller can meet carries a code from this table, typed fields and a cause.
 * The message says what was expected, what was found, where, and what to do.
 */

export const ERRORS = {
  // what the caller gave
  E_SPARK_CONNECTION_STRING: "The connection string is malformed.",
  E_SPARK_TOKEN_PLAINTEXT: "A token would travel unencrypted to another host.",
  E_SPARK_ARGUMENT: "An argument has a wrong type or value.",
  E_SPARK_SCHEMA: "A schema (DDL text) is malformed or uses a type that is not supported.",
  E_SPARK_BUNDLE: "A function's module cannot be bundled, found, or is not what its hash says.",
  E_SPARK_ARTIFACT: "An artifact was refused by the server or damaged on the way.",
  // the server
  E_SPARK_UNREACHABLE: "No Connect server answers at the address.",
  E_SPARK_UNAUTHENTICATED: "The server refused the token.",
  E_SPARK_VERSION: "The server runs a version of Spark that this client or worker does not speak.",
  E_SPARK_SETTING: "A setting of the server or the session keeps Node workers from running.",
  E_SPARK_PROTOCOL: "The other side sent something that the protocol does not allow.",
  // running
  E_SPARK_QUERY: "Spark failed to analyse or to run a plan.",
  E_SPARK_CANCELLED: "The operation was interrupted, or the caller's signal was aborted.",
  E_SPARK_SESSION_LOST: "The session is gone: expired, closed, or the server has been restarted.",
  E_SPARK_OPERATION_LOST: "The server no longer knows the operation, or has dropped responses that were not received.",
} as const satisfies Record<string, string>;

export type SparkErrorCode = keyof typeof ERRORS;

/** An exception of the server's JVM, or of a worker, with its causes. */
export interface RemoteException {
  /** Java class, for instance `org.apache.spark.sql.AnalysisException`. */
  readonly javaClass: string;
  /** Spark's error class, for instance `TABLE_OR_VIEW_NOT_FOUND`. */
  readonly errorClass: string | null;
  readonly sqlState: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly message: string;
  /** Java frames, `class.method(file:line)`; empty unless the server sends them (`spark.sql.connect.serverStacktrace.enabled`). */
  readonly stackTrace: readonly string[];
  readonly cause: RemoteException | null;
}

export interface SparkErrorFields extends Readonly<Record<string, unknown>> {
  /** What the server said, when the error comes from there. */
  readonly remote?: RemoteException;
  /** Number of the gRPC status. */
  readonly grpcStatus?: number;
  readonly operationId?: string;
}

export class SparkConnectError extends Error {
  override readonly name = "SparkConnectError";
  readonly code: SparkErrorCode;
  readonly fields: SparkErrorFields;

  /** @param message expected, found, where, what to do. @param fields the same, for programs. */
  constructor(code: SparkErrorCode, message: string, fields: SparkErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.fields = fields;
    Object.defineProperty(this, "fields", { enumerable: false }); // printed errors would say twice what the message says
  }

  /** Spark's error class, when the server named one. */
  get errorClass(): string | null {
    return this.fields.remote?.errorClass ?? null;
  }

  get sqlState(): string | null {
    return this.fields.remote?.sqlState ?? null;
  }
}

/** True also for errors that crossed a thread or process and lost their class. */
export function isSparkConnectError(error: unknown): error is SparkConnectError {
  return error instanceof Error && "code" in error && typeof error.code === "string" && Object.hasOwn(ERRORS, error.code);
}
