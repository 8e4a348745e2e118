/**
 * Where work runs. The primitives are the paper's: parallelize, map, flatMap, groupByKey, cogroup, broadcast, persist, collect, foreach.
 * A dataset is a lazy plan; only `persist`, `collect` and `foreach` compute. Rows are structured-cloneable values under a string key.
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

export interface Dataset<T> {
  /** One task a row; the key stays. */
  map<U, P>(stage: StageRef<T, U, P>, params: P, options?: MapOptions): Dataset<U>;
  flatMap<U, P>(stage: StageRef<T, readonly Keyed<U>[], P>, params: P, options?: MapOptions): Dataset<U>;
  union(other: Dataset<T>): Dataset<T>;
  groupByKey(): Dataset<readonly T[]>;
  cogroup<U>(other: Dataset<U>): Dataset<{ readonly left: readonly T[]; readonly right: readonly U[] }>;
  /** Computes now and keeps the rows (out of memory: spilled), so that several consumers do not compute them again. */
  persist(options?: CallOptions): Promise<Dataset<T>>;
  /** Streams the rows in order; one row at a time in memory. */
  collect(options?: CallOptions): AsyncIterable<Keyed<T>>;
  /** `concurrency`: at most so many tasks at once (default: the engine's slots). */
  foreach<P>(
    stage: StageRef<T, void, P>,
    params: P,
    options?: MapOptions & CallOptions & { readonly concurrency?: number },
  ): Promise<void>;
  /** Frees what `persist` kept. */
  unpersist(): Promise<void>;
}

export interface EngineEvent {
  readonly type: "task-started" | "task-finished" | "task-retried" | "log" | "report";
  readonly label: string;
  readonly key: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface Engine {
  readonly name: string;
  /** Tasks that run at the same time. */
  readonly slots: number;
  parallelize<T>(rows: Iterable<Keyed<T>>): Dataset<T>;
  /** Ends workers and removes spilled rows. */
  close(): Promise<void>;
}
