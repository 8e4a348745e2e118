/**
 * The Spark engine: rows live in Spark, one task of Spark a row, and stages run in Node.js workers that Spark's executors start.
 *
 *   driver (this process) ── Spark Connect ──▶ Spark ──▶ executors ──▶ Node.js: bundle = stages + task host
 *            ▲ rows, notes ◀──────────────────────────────────┘
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { serialize } from "node:v8";
import { bundleModule, type DataFrame, type SparkSession, sparkFunction } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { saveBroadcast } from "../local/broadcast.ts";
import { type Job, newJob } from "../local/in-order.ts";
import { notPlain } from "../local/spill.ts";
import type { HostedStep } from "../task-host.ts";
import type { Broadcast, Dataset, Engine, EngineEvent, EngineListener, Keyed } from "../types.ts";
import { ISOLATED_HOST, writeEntry } from "./bundle.ts";
import { SparkDataset } from "./dataset.ts";
import { fromSparkError } from "./errors.ts";
import type { Input } from "./group.ts";
import type { SparkHost } from "./host.ts";
import type { TaskParameters } from "./task.ts";
import { ROW_SCHEMA } from "./wire.ts";

export interface SparkEngineOptions {
  /** Closed by the engine. */
  readonly session: SparkSession;
  /** Tasks that run at the same time. */
  readonly slots: number;
  /** How often Spark tries a task whose worker dies. */
  readonly maxAttempts: number;
  /** Of the rows of one job that come back: Spark ends a job above it. */
  readonly maxResultBytes: number;
  /** Folder that the executors see, too; the engine's own: made when needed, removed by `close`. */
  readonly sharedFolder: string;
  readonly onEvent?: EngineListener;
  /** Called by `close` last: ends a server that was started for this engine. */
  readonly onClose?: () => Promise<void>;
}

/** Freeing is good manners, nothing to wait for. */
const FREE_MS = 10_000;

export class SparkEngine implements Engine, SparkHost {
  readonly name = "spark";
  readonly rowsStayInCluster = true;
  /** Known exactly once the executors were probed. */
  slots: number;
  readonly maxResultBytes: number;
  readonly session: SparkSession;
  readonly #options: SparkEngineOptions;
  readonly #jobs = new Set<Job>();
  readonly #entries = new Map<string, Promise<string>>();
  #isolatedHost: Promise<string> | null = null;
  /** Ends the next job: what a listener threw while none ran. */
  #failure: { readonly error: unknown } | null = null;
  #plans = 0;
  #broadcasts = 0;
  #closed = false;
  #lost = false;

  constructor(options: SparkEngineOptions) {
    this.slots = options.slots;
    this.maxResultBytes = options.maxResultBytes;
    this.session = options.session;
    this.#options = options;
  }

  /** Sends what every task needs; done by the first task at the latest. */
  async prepare(): Promise<void> {
    await this.#shipIsolatedHost();
  }

  parallelize<T>(rows: Iterable<Keyed<T>>): Dataset<T> {
    return new SparkDataset<T>(this, [{ source: { kind: "rows", rows: [...rows] }, steps: [], label: "" }]);
  }

  async broadcast<T>(value: T): Promise<Broadcast<T>> {
    this.#broadcasts += 1;
    const folder = await this.#folder();
    return await saveBroadcast(value, join(folder, `broadcast-${this.#broadcasts}-${randomUUID()}`));
  }

  async run(
    { left, right }: Input,
    steps: readonly HostedStep[],
    { label, input, discard }: Pick<TaskParameters, "label" | "input" | "discard">,
  ): Promise<DataFrame> {
    const parameters: TaskParameters = {
      steps: stepsText(steps, label),
      label,
      input,
      discard,
      maxAttempts: this.#options.maxAttempts,
      isolatedHost: await this.#shipIsolatedHost(),
      plan: this.#plans++,
    };
    const entry = await this.#entryOf(steps.map(({ module }) => module));
    const how = { returns: ROW_SCHEMA, parameters: { ...parameters } };
    if (right === null) return left.mapPartitions(sparkFunction(entry, "run", how));
    return left
      .groupBy("pid")
      .cogroup(right.groupBy("pid"))
      .map(sparkFunction(entry, "cogroup", how));
  }

  async job<T>(options: CallOptions, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const job = this.#begin(options);
    try {
      return await body(job.signal);
    } catch (error) {
      throw reasonOfEnd(error, job, options);
    } finally {
      this.#end(job);
    }
  }

  async *stream<T>(options: CallOptions, body: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T> {
    const job = this.#begin(options);
    try {
      yield* body(job.signal);
    } catch (error) {
      throw reasonOfEnd(error, job, options);
    } finally {
      this.#end(job);
    }
  }

  async free(frames: readonly (DataFrame | null)[]): Promise<void> {
    for (const frame of frames) {
      if (frame === null || this.#closed || this.#lost) continue;
      await frame.unpersist({ signal: AbortSignal.timeout(FREE_MS) }).catch(() => {});
    }
  }

  /** What a listener throws ends the jobs. */
  say(event: EngineEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The server is gone: ends the running jobs with this error, or the next one. */
  lose(error: AxonloomError): void {
    this.#lost = true;
    this.#fail(error);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs) job.fail(closed());
    await this.session.close();
    await rm(this.#options.sharedFolder, { recursive: true, force: true });
    await rmdir(dirname(this.#options.sharedFolder)).catch(() => {}); // another engine's may lie beside it
    await this.#options.onClose?.();
  }

  #fail(error: unknown): void {
    if (this.#jobs.size === 0) this.#failure ??= { error };
    for (const job of this.#jobs) job.fail(error);
  }

  #begin({ signal }: CallOptions): Job {
    if (this.#closed) throw closed();
    signal?.throwIfAborted();
    const job = newJob(signal);
    this.#jobs.add(job);
    if (this.#failure !== null) {
      job.fail(this.#failure.error);
      this.#failure = null;
    }
    return job;
  }

  #end(job: Job): void {
    this.#jobs.delete(job);
    job.fail(new Error("the job has ended"));
  }

  #entryOf(modules: readonly string[]): Promise<string> {
    const key = [...new Set(modules)].sort().join("\n");
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = this.#folder().then((folder) => writeEntry(folder, modules));
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #shipIsolatedHost(): Promise<string> {
    this.#isolatedHost ??= (async () => {
      const bytes = await bundleModule(ISOLATED_HOST);
      const name = `isolated-host-${createHash("sha256").update(bytes).digest("hex")}.mjs`;
      await this.session.artifacts.addFile(name, bytes);
      return name;
    })();
    return this.#isolatedHost;
  }

  async #folder(): Promise<string> {
    await mkdir(this.#options.sharedFolder, { recursive: true });
    return this.#options.sharedFolder;
  }
}

/** Why a job ended: the first reason in time, in this program's words. */
function reasonOfEnd(error: unknown, { failures }: Job, { signal }: CallOptions): unknown {
  if (failures.length > 0) return failures[0];
  if (signal?.aborted) return signal.reason;
  return fromSparkError(error);
}

function stepsText(steps: readonly HostedStep[], label: string): string {
  try {
    return serialize(steps).toString("base64");
  } catch (error) {
    throw notPlain(label, "(parameters)", error);
  }
}

function closed(): AxonloomError {
  return new AxonloomError("E_INTERRUPTED", "the engine was closed while a job was running, or before it began");
}
