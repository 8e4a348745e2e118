/**
 * Functions that Spark runs in a Node worker. Export them by name from a module; the client bundles the module and ships it.
 *
 *     import type { MapFunction } from "@axonloom/spark-connect";
 *
 *     export const double: MapFunction<{ by: number }> = async function* (batches, { by }) {
 *       for await (const batch of batches) {
 *         for (const { id } of batch) yield { id: id * BigInt(by) };
 *       }
 *     };
 */
import type { RecordBatch, Table } from "apache-arrow";

export interface TaskContext {
  readonly stageId: number;
  readonly partition: number;
  /** 0 on the first try. Starts again at 0 when Spark runs a whole stage again: only `taskAttemptId` is unique. */
  readonly attempt: number;
  readonly taskAttemptId: number;
  /** `spark.task.cpus` */
  readonly cpus: number;
  /** Addresses of resources such as GPUs, by name. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  /** Settings of the session that start with `spark`, job tags, `spark.sql.execution.id` … */
  readonly localProperties: Readonly<Record<string, string>>;
  /** Where the session's file artifacts are. */
  readonly filesFolder: string;
  /** Aborted when Spark no longer wants the task; the process is killed half a second later. */
  readonly signal: AbortSignal;
}

/** An object by column names, or an array in the order of the output columns. Missing values are null. */
export type Row = Readonly<Record<string, unknown>> | readonly unknown[];

/** Batches and tables must have the columns of the declared output, in any order, with exactly their types. */
export type Output = Row | RecordBatch | Table;

export type Outputs = AsyncIterable<Output> | Iterable<Output> | Promise<AsyncIterable<Output> | Iterable<Output> | void> | void;

/** Values of the grouping columns of a group. */
export type GroupKey = readonly unknown[];

/** Gets the rows of one partition; an empty partition has no batch. */
export type MapFunction<P = unknown> = (batches: AsyncIterable<RecordBatch>, parameters: P, context: TaskContext) => Outputs;

/** Gets the rows of one group. */
export type GroupFunction<P = unknown> = (
  key: GroupKey,
  batches: AsyncIterable<RecordBatch>,
  parameters: P,
  context: TaskContext,
) => Outputs;

/** Gets the rows of one key from both sides; a side without rows has no batch. Reading `right` first keeps `left` in memory. */
export type CoGroupFunction<P = unknown> = (
  key: GroupKey,
  left: AsyncIterable<RecordBatch>,
  right: AsyncIterable<RecordBatch>,
  parameters: P,
  context: TaskContext,
) => Outputs;
