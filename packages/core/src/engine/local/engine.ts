/**
 * The local engine: worker threads of this process, one task each. Tasks are handed out as slots get free; results come back in the
 * order of the partitions; at most a window of tasks is open, so memory does not grow with their number.
 */
import { setMaxListeners } from "node:events";
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, fromPlainError } from "../../errors.ts";
import type { Dataset, Engine, EngineEvent, Keyed } from "../types.ts";
import { LocalDataset, type Partition } from "./dataset.ts";
import type { KeyedRef, LocalTask, TaskResult, WorkerMessage } from "./task.ts";

/** A task whose worker dies is tried so often; its stage sees the number. */
const MAX_ATTEMPTS = 3;

export interface LocalEngineOptions {
  readonly slots: number;
  /** Folder for rows that leave memory; made when needed, removed by `close`. */
  readonly spillFolder: string;
  readonly onEvent?: (event: EngineEvent) => void;
}

type NewTask = Pick<LocalTask, "key" | "label" | "input" | "steps" | "sink">;

export class LocalEngine implements Engine {
  readonly name = "local";
  readonly slots: number;
  readonly #pool: Piscina<LocalTask, TaskResult>;
  readonly #spillFolder: string;
  readonly #onEvent: (event: EngineEvent) => void;
  #spillFiles = 0;

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
    this.#pool.on("message", (message: WorkerMessage) => this.#onEvent(message));
    // Only what belongs to no task any more: a result that comes after its job was given up, an idle worker that ended.
    this.#pool.on("error", (error: Error) => {
      this.#onEvent({ type: "log", label: "engine", key: "", detail: { level: "debug", message: error.message } });
    });
  }

  parallelize<T>(rows: Iterable<Keyed<T>>): Dataset<T> {
    return new LocalDataset<T>(this, async () => ({ partitions: inline(rows), temporary: [] }));
  }

  newSpillFile(): string {
    if (this.#spillFiles === 0) mkdirSync(this.#spillFolder, { recursive: true });
    this.#spillFiles += 1;
    return join(this.#spillFolder, `${this.#spillFiles}.rows`);
  }

  /** Runs the tasks; their rows in the order of the tasks. The first error ends all of them. */
  async *execute(
    tasks: AsyncIterable<NewTask>,
    options: CallOptions & { readonly concurrency?: number },
  ): AsyncIterable<readonly KeyedRef[]> {
    const abort = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
    setMaxListeners(0, signal); // one a task
    const width = Math.min(options.concurrency ?? 4 * this.slots, 4 * this.slots);
    const open: Promise<readonly KeyedRef[]>[] = [];
    try {
      for await (const task of tasks) {
        options.signal?.throwIfAborted();
        if (open.length >= width) yield await open.shift()!;
        const running = this.#attempt(task, signal);
        running.catch(() => {}); // awaited later, in order
        open.push(running);
      }
      while (open.length > 0) yield await open.shift()!;
    } finally {
      abort.abort();
      await Promise.allSettled(open);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
    await rm(this.#spillFolder, { recursive: true, force: true });
  }

  async #attempt(task: NewTask, signal: AbortSignal): Promise<readonly KeyedRef[]> {
    const { key, label } = task;
    let previousFailure: string | null = null;
    this.#onEvent({ type: "task-started", label, key });
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      let result: TaskResult;
      try {
        result = await this.#pool.run({ ...task, attempt, maxAttempts: MAX_ATTEMPTS, previousFailure }, { signal });
      } catch (error) {
        if (signal.aborted) throw error;
        previousFailure = error instanceof Error ? error.message : String(error);
        this.#onEvent({ type: "task-retried", label, key, detail: { attempt, reason: previousFailure } });
        continue;
      }
      if (!result.ok) throw fromPlainError(result.error);
      this.#onEvent({ type: "task-finished", label, key });
      return result.rows;
    }
    throw new AxonloomError(
      "E_WORKER_DIED",
      `${label} ${key}: its worker ended ${MAX_ATTEMPTS} times (last: ${previousFailure}); give the run more memory or fewer workers, or isolate the plug-in with use-subprocess`,
      { label, key },
    );
  }
}

function* inline(rows: Iterable<Keyed<unknown>>): Iterable<Partition> {
  for (const { key, value } of rows) yield { key, input: { kind: "row", row: { kind: "inline", value } } };
}
