/** Errors of Spark and its client in this program's words. */
import { isSparkConnectError, type SparkConnectError, type SparkErrorCode } from "@axonloom/spark-connect";
import { AxonloomError, type ErrorCode } from "../../errors.ts";

const CODES: Readonly<Record<SparkErrorCode, ErrorCode>> = {
  E_SPARK_CONNECTION_STRING: "E_USAGE",
  E_SPARK_TOKEN_PLAINTEXT: "E_USAGE",
  E_SPARK_UNREACHABLE: "E_SPARK_UNREACHABLE",
  E_SPARK_UNAUTHENTICATED: "E_SPARK_UNREACHABLE",
  E_SPARK_VERSION: "E_SPARK_VERSION",
  E_SPARK_SESSION_LOST: "E_SPARK_LOST",
  E_SPARK_OPERATION_LOST: "E_SPARK_LOST",
  E_SPARK_CANCELLED: "E_INTERRUPTED",
  E_SPARK_BUNDLE: "E_SPARK_WORKER",
  E_SPARK_ARTIFACT: "E_SPARK_FAILED",
  E_SPARK_PROTOCOL: "E_SPARK_FAILED",
  E_SPARK_QUERY: "E_SPARK_FAILED",
  // Of calls that the engine makes wrong.
  E_SPARK_ARGUMENT: "E_SPARK_FAILED",
  E_SPARK_SCHEMA: "E_SPARK_FAILED",
};

/** The ends of tasks whose worker died: nothing that a worker has thrown, which comes as its own text. */
const DIED = /^the function ended|crashed|Job aborted due to stage failure/;

/** Anything else stays what it is. Stacks of workers and of Java are the error's stack, not its message, and are there once. */
export function fromSparkError(error: unknown): unknown {
  if (!isSparkConnectError(error) || error.name !== "SparkConnectError") return error;
  const text = error.message.trim();
  const code = codeOf(error, text);
  const advice = code === "E_WORKER_DIED" ? "; give the executors more memory, or isolate the plug-in with use-subprocess" : "";
  const { errorClass, fields } = error;
  const known = new AxonloomError(code, `Spark: ${withoutFrames(text)}${advice}`, {
    spark: error.code,
    ...(errorClass !== null && { errorClass }),
    ...(fields.operationId !== undefined && { operationId: fields.operationId }),
  });
  if (FRAME.test(text)) known.stack = `${known.name}: Spark: ${text}`;
  return known;
}

const FRAME = /^\s+at \S/m;

/** `Error: message`, `Caused by: …`: the lines that say what happened, without those that say where in the code. */
function withoutFrames(text: string): string {
  const lines = text.split("\n").filter((line) => !/^\s+at \S|^\s*\.\.\. \d+ more$|^\s*$|^Driver stacktrace:$/.test(line));
  return lines.join("\n");
}

function codeOf({ code }: SparkConnectError, text: string): ErrorCode {
  if (code !== "E_SPARK_QUERY" && code !== "E_SPARK_PROTOCOL") return CODES[code];
  // What the Node.js worker has thrown carries its code in its text.
  const thrown = /^\w*Error \[(E_SPARK_\w+)\]:/.exec(text)?.[1] as SparkErrorCode | undefined;
  if (thrown === "E_SPARK_BUNDLE" || thrown === "E_SPARK_VERSION") return CODES[thrown];
  return DIED.test(text) ? "E_WORKER_DIED" : CODES[code];
}
