/**
 * Where work runs. The primitives are the paper's: parallelize, map, flatMap, groupByKey, cogroup, broadcast, persist, collect, foreach.
 * A dataset is a lazy plan; only `persist`, `collect` and `foreach` compute. Rows are structured-cloneable values under a string key:
 * something else (a function, a socket) ends the job in `E_TASK_DATA`.
 * Order is fixed: rows of `parallelize` in the order given, groups by ascending key, values inside a group in row order.
 */
import type { CallOptions } from "../call-options.ts";
import type { Logger } from "../log.ts";

/** A function named by module and export with plain parameters, never a closure, so that any engine can ship it. */
export interface StageRef<In, Out, P> {
  /** Specifier or file URL that the worker imports. */
  readonly module: string;
  readonly export: string;
  /** Carries the types only. */
  readonly types?: (input: In, params: P) => Out;
}

export interface TaskContext {
  /** Key of the row. */
  readonly key: string;
  /** 1 on the first try. Above 1 the earlier tries ended with their worker (a crash, out of memory). What throws is not tried again. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Why the last try ended; null on the first. */
  readonly previousFailure: string | null;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Tells the driver of progress inside a task; small and rare. */
  report(event: Readonly<Record<string, unknown>>): void;
  /** The value of a broadcast of this engine. Read once a worker and shared by its tasks: not to be changed. */
  broadcast<T>(handle: Broadcast<T>): Promise<T>;
}

/** Stands for a value that every worker has: plain, small data that travels in the parameters of a stage. */
export interface Broadcast<T> {
  /** Names the value; means something to its engine only. */
  readonly broadcast: string;
  /** Carries the type only. */
  readonly type?: T;
}

export type Stage<In, Out, P> = (input: In, params: P, context: TaskContext) => Out | Promise<Out>;

export interface Keyed<T> {
  readonly key: string;
  readonly value: T;
}

export interface MapOptions {
  /** Name for progress and messages, e.g. "segment". */
  readonly label?: string;
}

export interface JobOptions extends CallOptions {
  /** At most so many tasks at once; 0 or absent: the engine's slots. */
  readonly concurrency?: number;
}

export interface Dataset<T> {
  /** One task a row; the key stays. */
  map<U, P>(stage: StageRef<T, U, P>, params: P, options?: MapOptions): Dataset<U>;
  flatMap<U, P>(stage: StageRef<T, readonly Keyed<U>[], P>, params: P, options?: MapOptions): Dataset<U>;
  /** The rows of this dataset, then those of the others, in the order given. Flat, however often it is called. */
  union(...others: readonly Dataset<T>[]): Dataset<T>;
  groupByKey(): Dataset<readonly T[]>;
  cogroup<U>(other: Dataset<U>): Dataset<{ readonly left: readonly T[]; readonly right: readonly U[] }>;
  /** Computes now and keeps the rows (out of memory: spilled), so that several consumers do not compute them again. */
  persist(options?: CallOptions): Promise<Dataset<T>>;
  /** Streams the rows in order; one row at a time in memory. */
  collect(options?: JobOptions): AsyncIterable<Keyed<T>>;
  /** Runs the stage on every row for its effect. */
  foreach<P>(stage: StageRef<T, void, P>, params: P, options?: MapOptions & JobOptions): Promise<void>;
  /** Frees what `persist` kept. */
  unpersist(): Promise<void>;
}

export interface EngineEvent {
  readonly type: "task-started" | "task-finished" | "task-retried" | "log" | "report";
  readonly label: string;
  readonly key: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What `onEvent` throws ends the running jobs, or the next one, and is thrown from them. */
export type EngineListener = (event: EngineEvent) => void;

export interface Engine {
  readonly name: string;
  /** Tasks that run at the same time. */
  readonly slots: number;
  /** Kept rows stay where tasks run, so large values belong in rows. Else rows come back to this process, and large values belong in files. */
  readonly rowsStayInCluster: boolean;
  parallelize<T>(rows: Iterable<Keyed<T>>): Dataset<T>;
  /**
   * Ships a value once, for parameters too large to travel with every task. It needs memory in each worker; `close` frees it.
   * `E_TASK_DATA` when the value is not structured-cloneable.
   */
  broadcast<T>(value: T): Promise<Broadcast<T>>;
  /** Ends workers and running jobs; removes spilled rows and broadcasts. */
  close(): Promise<void>;
}

/** What a workflow knows when it asks for an engine. */
export interface EngineSetup {
  /** Planned bytes of one task at its peak. */
  readonly bytesPerTask: number;
  /** Folder of the run, whose lock the caller holds: for what leaves memory. */
  readonly runFolder: string;
  readonly onEvent: EngineListener;
}

/** Makes the engine of a run; the caller closes it. `E_MEMORY` when not even one task fits. */
export type EngineFactory = (setup: EngineSetup) => Promise<Engine>;
