/** What datasets need of their engine. */
import type { DataFrame, SparkSession } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import type { HostedStep } from "../task-host.ts";
import type { Input } from "./group.ts";
import type { Note, TaskParameters } from "./task.ts";

export interface SparkHost {
  readonly session: SparkSession;
  /** Tasks that run at the same time. */
  readonly slots: number;
  /** Of the rows of one job that come back: Spark ends a job above it. */
  readonly maxResultBytes: number;
  /** The rows that the steps make of rows or groups. @param signal the job's, to whose end the steps' progress is followed. */
  run(
    input: Input,
    steps: readonly HostedStep[],
    how: Pick<TaskParameters, "label" | "input" | "discard">,
    options: CallOptions,
  ): Promise<DataFrame>;
  /** Runs `body` as a job: it ends with the caller's signal, with `close`, and with what a listener throws. Errors in this program's words. */
  job<T>(options: CallOptions, body: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The same for rows that come one by one. */
  stream<T>(options: CallOptions, body: (signal: AbortSignal) => AsyncIterable<T>): AsyncIterable<T>;
  /** Frees persisted rows. Never throws: a server that is gone has nothing to free. */
  free(frames: readonly (DataFrame | null)[]): Promise<void>;
  /** What a task says, but for its error. */
  hear(note: Exclude<Note, { readonly type: "error" }>, key: string): void;
}
