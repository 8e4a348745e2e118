/**
 * A dataset of the Spark engine: parts, each of a source and the steps to run on its rows in one Spark stage.
 *
 *   parallelize ─▶ one row a partition ─map─▶ … ─▶ persist / collect / foreach: one task a partition
 *   groupByKey, cogroup: what comes before is computed and kept first, so that the keys are known; then one partition a key, keys
 *                  ascending, and in it rows sorted by side and place
 *   union:         the parts of all, one after another
 *
 * Partitions are always in the order of rows, and rows in order inside a partition; so results come in order as Spark sends them.
 */
import type { DataFrame } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import type { HostedStep } from "../task-host.ts";
import type { Dataset, JobOptions, Keyed, MapOptions, StageRef } from "../types.ts";
import { grouped } from "./group.ts";
import type { SparkHost } from "./host.ts";
import { readRows } from "./results.ts";
import { localRows, unionOf } from "./rows.ts";
import { byKey } from "./wire.ts";

type Source =
  | { readonly kind: "rows"; readonly rows: readonly Keyed<unknown>[] }
  | { readonly kind: "kept"; readonly kept: Kept }
  | { readonly kind: "group" | "cogroup"; readonly inputs: readonly SparkDataset<unknown>[] };

interface Part {
  readonly source: Source;
  readonly steps: readonly HostedStep[];
  readonly label: string;
}

/** Rows that Spark keeps, and their keys in order. */
interface Kept {
  /** Without notes. */
  readonly frame: DataFrame;
  /** What `unpersist` frees; null for rows that were there already. */
  readonly persisted: DataFrame | null;
  readonly keys: readonly string[];
  /** Set when the rows were freed. */
  freed: boolean;
}

/** A frame with the rows of a dataset, and what is to be freed after it was used. */
interface Opened {
  readonly frame: DataFrame | null;
  readonly temporary: DataFrame[];
}

export class SparkDataset<T> implements Dataset<T> {
  readonly #host: SparkHost;
  readonly #parts: readonly Part[];

  constructor(host: SparkHost, parts: readonly Part[]) {
    this.#host = host;
    this.#parts = parts;
  }

  map<U, P>(stage: StageRef<T, U, P>, params: P, options: MapOptions = {}): Dataset<U> {
    return this.#then("map", stage, params, options);
  }

  flatMap<U, P>(stage: StageRef<T, readonly Keyed<U>[], P>, params: P, options: MapOptions = {}): Dataset<U> {
    return this.#then("flatMap", stage, params, options);
  }

  union(...others: readonly Dataset<T>[]): Dataset<T> {
    const parts = others.map((other) => (other as SparkDataset<T>).#parts);
    return new SparkDataset<T>(this.#host, [this.#parts, ...parts].flat());
  }

  groupByKey(): Dataset<readonly T[]> {
    return this.#group("group", [this]);
  }

  cogroup<U>(other: Dataset<U>): Dataset<{ readonly left: readonly T[]; readonly right: readonly U[] }> {
    return this.#group("cogroup", [this, other as SparkDataset<U>]);
  }

  async persist(options: CallOptions = {}): Promise<Dataset<T>> {
    if (this.#ready()) {
      const parts = this.#parts.map(({ source, ...rest }) => ({ source: copyOf(source), ...rest }));
      return new SparkDataset<T>(this.#host, parts);
    }
    const kept = await this.#host.job(options, async (signal) => await this.#keep({ signal }));
    return new SparkDataset<T>(this.#host, [{ source: { kind: "kept", kept }, steps: [], label: "" }]);
  }

  async *collect(options: JobOptions = {}): AsyncIterable<Keyed<T>> {
    const rows = this.#host.stream(options, (signal) => this.#rows({ ...options, signal }));
    for await (const row of rows) yield row as Keyed<T>;
  }

  async foreach<P>(stage: StageRef<T, void, P>, params: P, options: MapOptions & JobOptions = {}): Promise<void> {
    const dataset = this.#then("map", stage, params, options);
    await this.#host.job(options, async (signal) => {
      const opened = await dataset.#open({ ...options, signal }, true);
      try {
        if (opened.frame !== null) for await (const _ of readRows(opened.frame, this.#host, { signal }));
      } finally {
        await this.#host.free(opened.temporary);
      }
    });
  }

  async unpersist(): Promise<void> {
    for (const { source, steps } of this.#parts) {
      if (source.kind !== "kept" || steps.length > 0 || source.kept.freed) continue;
      source.kept.freed = true;
      await this.#host.free([source.kept.persisted]);
    }
  }

  #then<U>(
    kind: HostedStep["kind"],
    stage: { readonly module: string; readonly export: string },
    params: unknown,
    options: MapOptions,
  ): SparkDataset<U> {
    const step: HostedStep = { kind, module: stage.module, export: stage.export, params };
    const parts = this.#parts.map(({ source, steps, label }) => ({
      source,
      steps: [...steps, step],
      label: options.label ?? label,
    }));
    return new SparkDataset<U>(this.#host, parts);
  }

  #group<U>(kind: "group" | "cogroup", inputs: readonly unknown[]): SparkDataset<U> {
    const source = { kind, inputs: inputs as readonly SparkDataset<unknown>[] };
    return new SparkDataset<U>(this.#host, [{ source, steps: [], label: "" }]);
  }

  /** Whether all rows are there already, here or in Spark. */
  #ready(): boolean {
    return this.#parts.every(({ source, steps }) => steps.length === 0 && (source.kind === "rows" || source.kind === "kept"));
  }

  async *#rows(options: JobOptions & { readonly signal: AbortSignal }): AsyncGenerator<Keyed<unknown>> {
    if (this.#parts.every(({ source, steps }) => steps.length === 0 && source.kind === "rows")) {
      for (const { source } of this.#parts) if (source.kind === "rows") yield* source.rows;
      return;
    }
    const { frame, temporary } = await this.#open(options, false);
    try {
      if (frame !== null) yield* readRows(frame, this.#host, options);
    } finally {
      await this.#host.free(temporary);
    }
  }

  /** Computes the rows, keeps them in Spark, and learns their keys. */
  async #keep(options: CallOptions): Promise<Kept> {
    const { frame, temporary } = await this.#open(options, false);
    try {
      if (frame === null) return { frame: localRows(this.#host.session, [], ""), persisted: null, keys: [], freed: false };
      await frame.persist(undefined, options);
      const keys: string[] = [];
      try {
        // Reading the keys computes every partition, in order, and says what the tasks say.
        for await (const { key } of readRows(frame.select("key", "note", "parts", "part"), this.#host, options)) keys.push(key);
      } catch (error) {
        await this.#host.free([frame]);
        throw error;
      }
      return { frame: frame.filter("note is null"), persisted: frame, keys, freed: false };
    } finally {
      await this.#host.free(temporary);
    }
  }

  async #open(options: JobOptions, discard: boolean): Promise<Opened> {
    const temporary: DataFrame[] = [];
    try {
      const frames: DataFrame[] = [];
      for (const part of this.#parts) {
        const frame = await this.#openPart(part, options, discard, temporary);
        if (frame !== null) frames.push(frame);
      }
      return { frame: unionOf(frames), temporary };
    } catch (error) {
      await this.#host.free(temporary);
      throw error;
    }
  }

  async #openPart(
    { source, steps, label }: Part,
    options: JobOptions,
    discard: boolean,
    temporary: DataFrame[],
  ): Promise<DataFrame | null> {
    const input = source.kind === "group" || source.kind === "cogroup" ? source.kind : "row";
    const frame = await this.#openSource(source, label, options, temporary);
    if (frame === null || (steps.length === 0 && input === "row")) return frame;
    return await this.#host.run(frame, steps, { label, input, discard }, options);
  }

  async #openSource(source: Source, label: string, options: JobOptions, temporary: DataFrame[]): Promise<DataFrame | null> {
    if (source.kind === "rows") return source.rows.length === 0 ? null : localRows(this.#host.session, source.rows, label);
    if (source.kind === "kept") {
      if (source.kept.freed) throw freed();
      return source.kept.keys.length === 0 ? null : source.kept.frame;
    }
    const sides: Kept[] = [];
    for (const input of source.inputs) {
      const kept = await input.#sideOf(options, temporary);
      sides.push(kept);
    }
    return grouped(this.#host.session, sides, options.concurrency ?? 0);
  }

  /** The rows as one side of a grouping: as they are when they are there, else computed and kept until the job ends. */
  async #sideOf(options: CallOptions, temporary: DataFrame[]): Promise<Kept> {
    if (!this.#ready()) {
      const kept = await this.#keep(options);
      if (kept.persisted !== null) temporary.push(kept.persisted);
      return kept;
    }
    const { frame } = await this.#open(options, false);
    const keys = this.#parts.flatMap(({ source }) => {
      if (source.kind === "rows") return source.rows.map(({ key }) => key);
      return source.kind === "kept" ? source.kept.keys : [];
    });
    return { frame: frame ?? localRows(this.#host.session, [], ""), persisted: null, keys: keys.sort(byKey), freed: false };
  }
}

function copyOf(source: Source): Source {
  return source.kind === "rows" ? { kind: "rows", rows: [...source.rows] } : source;
}

function freed(): AxonloomError {
  return new AxonloomError("E_CHECKPOINT_DAMAGED", "expected persisted rows, found that they were freed by unpersist: run again");
}
