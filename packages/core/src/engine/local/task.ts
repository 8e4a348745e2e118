/** What travels between the local engine and its worker threads. */
import type { CallOptions } from "../../call-options.ts";
import type { PlainError } from "../../errors.ts";
import type { HostedStep } from "../task-host.ts";
import type { JobOptions } from "../types.ts";

/** A row's value: as it is, serialised, or in a spill file. */
export type RowRef =
  | { readonly kind: "inline"; readonly value: unknown }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | SpilledRow;

export interface SpilledRow {
  readonly kind: "spilled";
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export interface KeyedRef {
  readonly key: string;
  readonly row: RowRef;
}

export type TaskInput =
  | { readonly kind: "row"; readonly row: RowRef }
  | { readonly kind: "group"; readonly rows: readonly RowRef[] }
  | { readonly kind: "cogroup"; readonly left: readonly RowRef[]; readonly right: readonly RowRef[] };

export interface LocalTask {
  readonly key: string;
  readonly label: string;
  readonly input: TaskInput;
  readonly steps: readonly HostedStep[];
  /** Where the rows go: back to the driver, into a spill file, or nowhere. */
  readonly sink: { readonly kind: "return" } | { readonly kind: "spill"; readonly file: string } | { readonly kind: "discard" };
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly previousFailure: string | null;
}

/** A stage's own error comes back as a value; when the promise of a task is rejected, the worker died. */
export type TaskResult =
  | { readonly ok: true; readonly rows: readonly KeyedRef[] }
  | { readonly ok: false; readonly error: PlainError };

/** Said by a worker while a task runs. */
export interface WorkerMessage {
  readonly type: "log" | "report";
  readonly label: string;
  readonly key: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A task before the engine has counted its tries. */
export type NewTask = Pick<LocalTask, "key" | "label" | "input" | "steps" | "sink">;

/** What a dataset needs of its engine. */
export interface TaskRunner {
  /**
   * Runs the tasks; their rows in the order of the tasks, between them the rows that are there already. The first error ends all of them.
   * `rowsComeBack`: results are rows, not references to them.
   */
  execute(
    tasks: (options: CallOptions) => AsyncIterable<NewTask | KeyedRef>,
    options: JobOptions & { readonly rowsComeBack: boolean },
  ): AsyncIterable<readonly KeyedRef[]>;
  newSpillFile(): string;
}
