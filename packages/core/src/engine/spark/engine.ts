/**
 * The Spark engine: rows live in Spark, one task of Spark a row, and stages run in Node.js workers that Spark's executors start.
 *
 *   driver (this process) ── Spark Connect ──▶ Spark ──▶ executors ──▶ Node.js: bundle = stages + task host
 *            ▲ rows, notes ◀──────────────────────────────────┘
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serialize } from "node:v8";
import { bundleModule, type DataFrame, isSparkConnectError, type SparkSession, sparkFunction } from "@axonloom/spark-connect";
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
import { KILL_MS } from "./kill.ts";
import { PlanProgress } from "./progress.ts";
import type { Note, TaskParameters } from "./task.ts";
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
  /** Every operation carries it. */
  readonly tag: string;
  /** Called by `close` last: ends a server that was started for this engine, and the record of the session. */
  readonly onClose?: (end: SessionEnd) => Promise<void>;
}

/** `quiet`: nothing works any more. `ending`: all was interrupted, and Spark may still be ending tasks. `unknown`: the server did not answer. */
export type SessionEnd = "quiet" | "ending" | "unknown";

/** Freeing is good manners, nothing to wait for. */
const FREE_MS = 10_000;
const CLOSE_MS = 10_000;
/** How often the driver looks what the tasks say. */
const SWEEP_MS = 1000;

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
  /** Of the running jobs, by plan. */
  readonly #progress = new Map<number, { readonly job: Job; readonly rows: PlanProgress }>();
  #sweeping = false;
  #description = "";
  #broadcasts = 0;
  #closed = false;
  #lost = false;
  /** When a job last ended before all its rows had come. */
  #interrupted = Number.NEGATIVE_INFINITY;

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
    { signal }: CallOptions,
  ): Promise<DataFrame> {
    const plan = this.#plans++;
    const parameters: TaskParameters = {
      steps: stepsText(steps, label),
      label,
      input,
      discard,
      maxAttempts: this.#options.maxAttempts,
      isolatedHost: await this.#shipIsolatedHost(),
      plan,
      status: await this.#follow(plan, label, signal),
    };
    const entry = await this.#entryOf(steps.map(({ module }) => module));
    await this.#describe(label, signal);
    const how = { name: label === "" ? "axonloom" : label, returns: ROW_SCHEMA, parameters: { ...parameters } };
    if (right === null) return left.mapPartitions(sparkFunction(entry, "run", how));
    return left
      .groupBy("pid")
      .cogroup(right.groupBy("pid"))
      .map(sparkFunction(entry, "cogroup", how));
  }

  async job<T>(options: CallOptions, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const job = this.#begin(options);
    let whole = false;
    try {
      const result = await body(job.signal);
      whole = true;
      return result;
    } catch (error) {
      throw reasonOfEnd(error, job, options);
    } finally {
      this.#end(job, whole);
    }
  }

  async *stream<T>(options: CallOptions, body: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T> {
    const job = this.#begin(options);
    let whole = false;
    try {
      yield* body(job.signal);
      whole = true;
    } catch (error) {
      throw reasonOfEnd(error, job, options);
    } finally {
      this.#end(job, whole);
    }
  }

  async free(frames: readonly (DataFrame | null)[]): Promise<void> {
    for (const frame of frames) {
      if (frame === null || this.#closed || this.#lost) continue;
      await frame.unpersist({ signal: AbortSignal.timeout(FREE_MS) }).catch(() => {});
    }
  }

  hear(note: Exclude<Note, { readonly type: "error" }>, key: string): void {
    if (note.type === "task-finished") this.#progress.get(note.plan)?.rows.finish(note.row, note.begun);
    else this.#say({ key, ...note });
  }

  /** The server is gone: ends the running jobs with this error, or the next one. */
  lose(error: AxonloomError): void {
    this.#lost = true;
    this.#fail(error);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs) job.fail(closed());
    if (this.#progress.size > 0) this.#interrupted = Date.now();
    const answered = await this.#interruptAll();
    if (answered) await this.session.close();
    else this.session.disconnect();
    await rm(this.#options.sharedFolder, { recursive: true, force: true, maxRetries: 3 }); // a task that is being ended may still write
    const ending = Date.now() - this.#interrupted < KILL_MS;
    await this.#options.onClose?.(!answered ? "unknown" : ending ? "ending" : "quiet");
  }

  /** False when the server does not answer, so that operations may go on. */
  async #interruptAll(): Promise<boolean> {
    if (this.#lost) return false;
    try {
      await this.session.interruptTag(this.#options.tag, { signal: AbortSignal.timeout(CLOSE_MS) });
      return true;
    } catch (error) {
      return isSparkConnectError(error) && error.code === "E_SPARK_SESSION_LOST"; // its operations are gone with it
    }
  }

  /** What a listener throws ends the jobs. */
  #say(event: EngineEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Follows the rows of a plan as long as its job runs; gives the folder where the tasks say what becomes of them. */
  async #follow(plan: number, label: string, signal: AbortSignal | undefined): Promise<string> {
    const folder = join(this.#options.sharedFolder, "status", String(plan));
    await mkdir(folder, { recursive: true });
    const job = [...this.#jobs].find((job) => job.signal === signal);
    if (job !== undefined) {
      const listener = { say: (event: EngineEvent) => this.#say(event), fail: (error: unknown) => job.fail(error) };
      this.#progress.set(plan, { job, rows: new PlanProgress(folder, label, listener) });
      void this.#sweep();
    }
    return folder;
  }

  /** Looks at the plans of the running jobs until there is none. */
  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    while (this.#progress.size > 0) {
      await sleep(SWEEP_MS, undefined, { ref: false });
      for (const { rows } of this.#progress.values()) await rows.sweep();
    }
    this.#sweeping = false;
  }

  /** What Spark's pages call the jobs from now on. The plan has the name, too. */
  async #describe(label: string, signal: AbortSignal | undefined): Promise<void> {
    if (label === "" || label === this.#description) return;
    await this.session.config.set({ "spark.job.description": `axonloom: ${label}` }, signal === undefined ? {} : { signal });
    this.#description = label;
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

  /** @param whole all its rows have come; else its operation was interrupted, and tasks of it may still run. */
  #end(job: Job, whole: boolean): void {
    this.#jobs.delete(job);
    job.fail(new Error("the job has ended"));
    for (const [plan, { job: owner, rows }] of this.#progress) {
      if (owner !== job) continue;
      this.#progress.delete(plan);
      if (!whole) this.#interrupted = Date.now();
      void rows.end();
    }
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
