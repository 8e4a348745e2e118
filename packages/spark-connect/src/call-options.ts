import { SparkConnectError } from "./errors.ts";

export interface CallOptions {
  /** Aborting it interrupts the call, on the server too; the call then throws `E_SPARK_CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

export function cancelledBy(signal?: AbortSignal): SparkConnectError {
  return new SparkConnectError("E_SPARK_CANCELLED", "cancelled by the caller's signal", {}, signal?.reason);
}
