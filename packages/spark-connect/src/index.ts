/**
 * Apache Spark 4.1 from Node.js: a Spark Connect client, and the worker that lets Spark's executors run TypeScript functions.
 *
 * ```ts
 * import { SparkSession, sparkFunction } from "@axonloom/spark-connect";
 *
 * const session = await SparkSession.connect("sc://localhost:15002");
 * const double = sparkFunction(new URL("./double.ts", import.meta.url), "double", { returns: "id long" });
 * console.log(await session.range(100).mapPartitions(double).collect());
 * await session.close();
 * ```
 */

export { batchOf } from "./batch.ts";
export { type Bundle, bundleFunction, bundleModule, bundleWorker } from "./bundle.ts";
export type { CallOptions } from "./call-options.ts";
export type { Artifacts } from "./client/artifacts.ts";
export type { WorkerOptions } from "./client/bundles.ts";
export type { SessionConfig } from "./client/config.ts";
export { type ConnectionTarget, parseConnectionString } from "./client/connection-string.ts";
export { type ExplainMode, type JoinType, type SaveMode, STORAGE_LEVEL, type StorageLevel } from "./client/constants.ts";
export type { DataFrame } from "./client/data-frame.ts";
export type { Reattach } from "./client/execution.ts";
export { Column, type ColumnLike, call, col, directShufflePartitionId, expr, lit } from "./client/expressions.ts";
export { type FunctionOptions, type SparkFunction, sparkFunction } from "./client/functions.ts";
export type { CoGroupedData, GroupedData } from "./client/grouped-data.ts";
export type { ActionOptions, ResultOptions } from "./client/plan-host.ts";
export type { DataFrameReader } from "./client/reader.ts";
export type { Progress, StageProgress } from "./client/results.ts";
export { type ConnectOptions, type SessionEvents, SparkSession } from "./client/session.ts";
export type { TlsOptions } from "./client/transport.ts";
export type { WorkerSettings } from "./client/worker-settings.ts";
export type { DataFrameWriter } from "./client/writer.ts";
export {
  ERRORS,
  isSparkConnectError,
  type RemoteException,
  SparkConnectError,
  type SparkErrorCode,
  type SparkErrorFields,
} from "./errors.ts";
export type { JsonValue } from "./function.ts";
export { type Row, rowsOf } from "./rows.ts";
export { parseSchema } from "./schema.ts";
export type { CoGroupFunction, GroupFunction, GroupKey, MapFunction, Output, TaskContext } from "./worker/types.ts";
