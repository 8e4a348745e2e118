/**
 * The local engine: worker threads of this process, one task each. Tasks are handed out as slots get free; results come back in the
 * order of the partitions. Where rows come back to the driver at most a window of tasks is open, so memory does not grow with their
 * number; where only references come back a slow task stops no other.
 */
import { mkdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, fromPlainError } from "../../errors.ts";
import type { Broadcast, Dataset, Engine, EngineEvent, EngineListener, JobOptions, Keyed } from "../types.ts";
import { saveBroadcast } from "./broadcast.ts";
import { LocalDataset, type Partition } from "./dataset.ts";
import { inOrder, type Job, newJob } from "./in-order.ts";
import { notPlain } from "./spill.ts";
import type { KeyedRef, LocalTask, NewTask, TaskResult, TaskRunner, WorkerMessage } from "./task.ts";

/** A task whose worker dies is tried so often; its stage sees the number. */
const MAX_ATTEMPTS = 3;
/** Tasks a slot whose rows wait in memory to be collected. */
const WINDOW = 4;

export interface LocalEngineOptions {
  readonly slots: number;
  /**
   * Folder for rows that leave memory, the engine's own: made when needed, and removed by `close`. What lies there before is removed, as a
   * process that was killed left it.
   */
  readonly spillFolder: string;
  readonly onEvent?: EngineListener;
}

export class LocalEngine implements Engine, TaskRunner {
  readonly name = "local";
  readonly rowsStayInCluster = false;
  readonly slots: number;
  readonly #pool: Piscina<LocalTask, TaskResult>;
  readonly #spillFolder: string;
  readonly #onEvent: EngineListener;
  readonly #jobs = new Set<Job>();
  /** Ends the next job: what a listener threw while none ran. */
  #failure: { readonly error: unknown } | null = null;
  #spillFiles = 0;
  #closed = false;

  constructor(options: LocalEngineOptions) {
    this.slots = options.slots;
    this.#spillFolder = options.spillFolder;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL("./worker.js", import.meta.url)),
      minThreads: 0,
      maxThreads: options.slots,
      idleTimeout: 10_000,
      maxQueue: Number.POSITIVE_INFINITY,
      atomics: "disabled",
    });
    this.#pool.on("message", (message: WorkerMessage) => this.#say(message));
    // Only what belongs to no task any more: a result that comes after its job was given up, an idle worker that ended.
    this.#pool.on("error", (error: Error) => {
      this.#say({ type: "log", label: "engine", key: "", detail: { level: "debug", message: error.message } });
    });
  }

  parallelize<T>(rows: Iterable<Keyed<T>>): Dataset<T> {
    const open = async () => ({ partitions: inline(rows), temporary: [] });
    return new LocalDataset<T>(this, [{ open, steps: [], label: "", files: [] }]);
  }

  async broadcast<T>(value: T): Promise<Broadcast<T>> {
    return await saveBroadcast(value, this.newSpillFile());
  }

  newSpillFile(): string {
    if (this.#spillFiles === 0) {
      rmSync(this.#spillFolder, { recursive: true, force: true });
      mkdirSync(this.#spillFolder, { recursive: true });
    }
    this.#spillFiles += 1;
    return join(this.#spillFolder, `${this.#spillFiles}.rows`);
  }

  async *execute(
    tasks: (options: CallOptions) => AsyncIterable<NewTask | KeyedRef>,
    { signal, concurrency = 0, rowsComeBack }: JobOptions & { readonly rowsComeBack: boolean },
  ): AsyncIterable<readonly KeyedRef[]> {
    if (this.#closed) throw closed();
    const running = concurrency > 0 ? Math.min(concurrency, this.slots) : this.slots;
    const open = rowsComeBack ? WINDOW * this.slots : Number.POSITIVE_INFINITY;
    const job = newJob(signal);
    this.#jobs.add(job);
    if (this.#failure !== null) {
      job.fail(this.#failure.error);
      this.#failure = null;
    }
    const run = async (item: NewTask | KeyedRef, signal: AbortSignal) =>
      "row" in item ? [item] : await this.#attempt(item, signal);
    try {
      yield* inOrder((signal) => tasks({ signal }), run, { running, open }, job);
    } finally {
      this.#jobs.delete(job);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs) job.fail(closed());
    await this.#pool.destroy();
    await rm(this.#spillFolder, { recursive: true, force: true });
  }

  async #attempt(task: NewTask, signal: AbortSignal): Promise<readonly KeyedRef[]> {
    const { key, label } = task;
    let previousFailure: string | null = null;
    this.#say({ type: "task-started", label, key });
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      let result: TaskResult;
      try {
        result = await this.#pool.run({ ...task, attempt, maxAttempts: MAX_ATTEMPTS, previousFailure }, { signal });
      } catch (error) {
        if (signal.aborted) throw error;
        if (isCloneError(error)) throw notPlain(label, key, error);
        previousFailure = error instanceof Error ? error.message : String(error);
        this.#say({ type: "task-retried", label, key, detail: { attempt, reason: previousFailure } });
        continue;
      }
      if (!result.ok) throw fromPlainError(result.error);
      this.#say({ type: "task-finished", label, key });
      return result.rows;
    }
    throw new AxonloomError(
      "E_WORKER_DIED",
      `${label} ${key}: its worker ended ${MAX_ATTEMPTS} times (last: ${previousFailure}); give the run more memory or fewer workers, or isolate the plug-in with use-subprocess`,
      { label, key },
    );
  }

  /** Messages of workers come from the event loop: what a listener throws there would end the process. */
  #say(event: EngineEvent): void {
    try {
      this.#onEvent(event);
    } catch (error) {
      if (this.#jobs.size === 0) this.#failure ??= { error };
      for (const job of this.#jobs) job.fail(error);
    }
  }
}

function* inline(rows: Iterable<Keyed<unknown>>): Iterable<Partition> {
  for (const { key, value } of rows) yield { key, input: { kind: "row", row: { kind: "inline", value } } };
}

function isCloneError(error: unknown): boolean {
  return (error as { readonly name?: unknown } | null)?.name === "DataCloneError";
}

function closed(): AxonloomError {
  return new AxonloomError("E_INTERRUPTED", "the engine was closed");
}
