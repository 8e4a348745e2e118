/** From a gRPC failure to a `SparkConnectError`: which code it gets, and what the server tells of the exception behind it. */
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type ServiceError, status } from "@grpc/grpc-js";
import { type RemoteException, SparkConnectError, type SparkErrorCode, type SparkErrorFields } from "../errors.ts";
import { type ErrorInfo, ErrorInfoSchema, StatusSchema } from "../gen/google/rpc/error_pb.ts";
import type { FetchErrorDetailsResponse } from "../gen/spark/connect/connect_pb.ts";

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "metadata" in error;
}

/** What Spark adds to a failed call; null when the failure is not Spark's (connection, proxy, gRPC itself). */
export function errorInfoOf(error: ServiceError): ErrorInfo | null {
  const bytes = error.metadata?.get("grpc-status-details-bin")[0];
  if (!(bytes instanceof Uint8Array)) return null;
  try {
    for (const detail of fromBinary(StatusSchema, bytes).details) {
      const info = anyUnpack(detail, ErrorInfoSchema);
      if (info !== undefined) return info;
    }
  } catch {
    // damaged details say no more than none
  }
  return null;
}

/** Spark's error class, or an empty string. */
export function errorClassOf(error: unknown): string {
  if (!isServiceError(error)) return "";
  const named = errorInfoOf(error)?.metadata["errorClass"];
  if (named !== undefined) return named;
  return /^\[([A-Z_]+(?:\.[A-Z_]+)?)\]/.exec(error.details ?? "")?.[1] ?? "";
}

/** Whether the answer did not come in time. */
export function isTimeout(error: unknown): boolean {
  return isServiceError(error) && error.code === status.DEADLINE_EXCEEDED && errorInfoOf(error) === null;
}

/** Whether the call may be repeated: the connection failed, or the server has cut a response stream. */
export function isTransient(error: unknown): boolean {
  if (!isServiceError(error)) return false;
  if (errorClassOf(error) === "INVALID_CURSOR.DISCONNECTED") return true;
  if (errorInfoOf(error) !== null) return false;
  if (error.code === status.UNAVAILABLE) return true;
  return (
    (error.code === status.INTERNAL || error.code === status.CANCELLED) &&
    /RST_STREAM|GOAWAY|[Cc]onnection|ECONN/.test(error.details ?? "")
  );
}

/** @param details what FetchErrorDetails answered, when it could be asked. */
export function toSparkError(
  error: unknown,
  where: string,
  details: FetchErrorDetailsResponse | null,
  fields: SparkErrorFields = {},
): SparkConnectError {
  if (error instanceof SparkConnectError) return error;
  if (!isServiceError(error))
    return new SparkConnectError("E_SPARK_PROTOCOL", `call to ${where} failed: ${String(error)}`, fields, error);
  const info = errorInfoOf(error);
  const remote = remoteFromDetails(details) ?? remoteFromInfo(info, error.details);
  const code = isShutdown(remote) ? "E_SPARK_SESSION_LOST" : codeOf(error, remote?.errorClass ?? errorClassOf(error));
  const all = { ...fields, grpcStatus: error.code, ...(remote === null ? {} : { remote }) };
  // What Spark says itself is told once: the failed call behind it has nothing more.
  return new SparkConnectError(
    code,
    messageOf(code, remote?.message ?? error.details, where),
    all,
    remote === null ? error : undefined,
  );
}

/** A server that is being stopped fails its operations like this, without an error class. */
function isShutdown(remote: RemoteException | null): boolean {
  return remote !== null && /stopped SparkContext|SparkContext (?:was|has been) shut ?down/.test(remote.message);
}

function codeOf(error: ServiceError, errorClass: string): SparkErrorCode {
  if (errorClass.startsWith("INVALID_HANDLE.SESSION_")) return "E_SPARK_SESSION_LOST";
  if (errorClass.startsWith("INVALID_HANDLE.OPERATION_") || errorClass.startsWith("INVALID_CURSOR."))
    return "E_SPARK_OPERATION_LOST";
  if (errorClass === "OPERATION_CANCELED") return "E_SPARK_CANCELLED";
  if (errorInfoOf(error) !== null) return "E_SPARK_QUERY";
  if (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED) return "E_SPARK_UNREACHABLE";
  if (error.code === status.UNAUTHENTICATED || error.code === status.PERMISSION_DENIED) return "E_SPARK_UNAUTHENTICATED";
  if (error.code === status.CANCELLED) return "E_SPARK_CANCELLED";
  return "E_SPARK_PROTOCOL";
}

function messageOf(code: SparkErrorCode, text: string, where: string): string {
  switch (code) {
    case "E_SPARK_UNREACHABLE":
      return `no Spark Connect server answers at ${where} (${text.replace(/\s*Resolution note:\s*$/, "")}); check address, port and TLS, and that the server runs`;
    case "E_SPARK_UNAUTHENTICATED":
      return `the server at ${where} refused the token (${text}); give the server's token in the connection string or in SPARK_CONNECT_AUTHENTICATE_TOKEN`;
    case "E_SPARK_SESSION_LOST":
      return `the session at ${where} is gone (${text}); connect again: views, persisted plans and artifacts of the session are lost`;
    case "E_SPARK_OPERATION_LOST":
      return `the server at ${where} has given up the operation (${text}); run it again`;
    case "E_SPARK_PROTOCOL":
      return `unexpected answer of ${where}: ${text}`;
    default:
      return text;
  }
}

function remoteFromDetails(details: FetchErrorDetailsResponse | null): RemoteException | null {
  if (details === null || details.rootErrorIdx === undefined) return null;
  return remoteAt(details, details.rootErrorIdx, details.errors.length);
}

/** `depth` ends a chain of causes that runs in a circle. */
function remoteAt(details: FetchErrorDetailsResponse, index: number, depth: number): RemoteException | null {
  const found = details.errors[index];
  if (found === undefined || depth <= 0) return null;
  return {
    javaClass: found.errorTypeHierarchy[0] ?? "",
    errorClass: found.sparkThrowable?.errorClass ?? null,
    sqlState: found.sparkThrowable?.sqlState ?? null,
    parameters: found.sparkThrowable?.messageParameters ?? {},
    message: found.message,
    stackTrace: found.stackTrace.map((at) => `${at.declaringClass}.${at.methodName}(${at.fileName ?? "unknown"}:${at.lineNumber})`),
    cause: found.causeIdx === undefined ? null : remoteAt(details, found.causeIdx, depth - 1),
  };
}

function remoteFromInfo(info: ErrorInfo | null, message: string): RemoteException | null {
  if (info === null) return null;
  let parameters: Record<string, string> = {};
  try {
    parameters = JSON.parse(info.metadata["messageParameters"] ?? "{}");
  } catch {
    // shortened by the server
  }
  const { errorClass = null, sqlState = null } = info.metadata as { errorClass?: string; sqlState?: string };
  return { javaClass: info.reason, errorClass, sqlState, parameters, message, stackTrace: [], cause: null };
}
