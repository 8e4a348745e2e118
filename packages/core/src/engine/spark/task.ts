/** What travels between the Spark engine and the tasks in Spark's workers. */
import type { PlainError } from "../../errors.ts";
import type { RowBegun } from "./status.ts";

/** Parameters of the shipped function: JSON, as they are part of Spark's plan. */
export interface TaskParameters {
  /** `HostedStep[]`, serialised by V8 and in base64: parameters of stages may hold more than JSON does. */
  readonly steps: string;
  readonly label: string;
  /** How rows become the input of the first step. */
  readonly input: "row" | "group" | "cogroup";
  /** Rows are not wanted, only that they are made. */
  readonly discard: boolean;
  readonly maxAttempts: number;
  /** Name of the file with the program of isolated steps, in the folder of the task. */
  readonly isolatedHost: string;
  /** Tells plans apart that are otherwise equal: Spark keeps persisted rows by their plan. */
  readonly plan: number;
  /** Folder where tasks say what becomes of their rows. */
  readonly status: string;
}

/** What a task says; it comes back as a row. */
export type Note =
  | { readonly type: "error"; readonly label: string; readonly error: PlainError }
  /** The same as the row's status object says, which may be late. */
  | { readonly type: "task-finished"; readonly plan: number; readonly row: string; readonly begun: RowBegun }
  | { readonly type: "log" | "report"; readonly label: string; readonly detail: Readonly<Record<string, unknown>> };

export interface ProbeParameters {
  readonly file: string;
}

/** Columns of {@link ProbeRow}. */
export const PROBE_SCHEMA = "host string, executor int, worker int, node string, arch string, cores int, memory long, found string";

/** What a probe task finds. */
export interface ProbeRow {
  readonly host: string;
  /** Process that has started the worker: one an executor and session. */
  readonly executor: number;
  /** Process of the worker. */
  readonly worker: number;
  readonly node: string;
  readonly arch: string;
  readonly cores: number;
  /** Bytes of the machine, or of the container. */
  readonly memory: bigint;
  /** Content of the file, or why it cannot be read. */
  readonly found: string;
}
