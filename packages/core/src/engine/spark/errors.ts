/** Errors of Spark and its client in this program's words. */
import { isSparkConnectError, type SparkErrorCode } from "@axonloom/spark-connect";
import { AxonloomError, type ErrorCode } from "../../errors.ts";

const CODES: Partial<Record<SparkErrorCode, ErrorCode>> = {
  E_SPARK_CONNECTION_STRING: "E_USAGE",
  E_SPARK_TOKEN_PLAINTEXT: "E_USAGE",
  E_SPARK_UNREACHABLE: "E_SPARK_UNREACHABLE",
  E_SPARK_UNAUTHENTICATED: "E_SPARK_UNREACHABLE",
  E_SPARK_VERSION: "E_SPARK_VERSION",
  E_SPARK_SESSION_LOST: "E_SPARK_LOST",
  E_SPARK_OPERATION_LOST: "E_SPARK_LOST",
  E_SPARK_CANCELLED: "E_INTERRUPTED",
};

/** Anything else stays what it is. */
export function fromSparkError(error: unknown): unknown {
  if (!isSparkConnectError(error) || error.name !== "SparkConnectError") return error;
  const died = /^the function ended|crashed|Job aborted due to stage failure/.test(error.message);
  const code = CODES[error.code] ?? (died ? "E_WORKER_DIED" : "E_SPARK_FAILED");
  const advice = code === "E_WORKER_DIED" ? "; give the executors more memory, or isolate the plug-in with use-subprocess" : "";
  return new AxonloomError(code, `Spark: ${error.message.trim()}${advice}`, { spark: error.code }, error);
}
