/**
 * A dataset of the Spark engine: parts, each of a source and the steps to run on its rows in one Spark stage.
 *
 *   parallelize ─▶ one row a partition ─map─▶ … ─▶ persist / collect / foreach: one task a partition
 *   groupByKey, cogroup: rows that were kept in their places stay there (place.ts), and what is grouped with them comes to them. Else what
 *                  comes before is computed and kept first, so that the keys are known; then one partition a key
 *   union:         the parts of all, one after another
 *
 * Where rows come back, partitions are in the order of rows, and rows in order inside a partition: results come in order as Spark sends them.
 */
import type { DataFrame } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { withStep } from "../steps.ts";
import type { Dataset, JobOptions, Keyed, MapOptions, StageRef } from "../types.ts";
import type { SparkHost } from "./host.ts";
import { type Kept, keep } from "./kept.ts";
import { isReady, open, ordered, ownRows, type Part, unordered } from "./parts.ts";
import { partitionsFor, placedBySeq } from "./place.ts";
import { type ReadRow, readRows } from "./results.ts";

/** Options of a job, with the signal that ends it. */
type Running = JobOptions & { readonly signal: AbortSignal };

/** Rows of the first job of a collect; later ones are as large as the rows found allow. */
const FIRST_RANGE = 64;
/** A job's rows take at most this part of what Spark lets come back. */
const RESULT_SHARE = 1 / 8;

export class SparkDataset<T> implements Dataset<T> {
  readonly #host: SparkHost;
  readonly #parts: readonly Part[];

  constructor(host: SparkHost, parts: readonly Part[]) {
    this.#host = host;
    this.#parts = parts;
  }

  map<U, P>(stage: StageRef<T, U, P>, params: P, options: MapOptions = {}): Dataset<U> {
    return new SparkDataset<U>(this.#host, withStep(this.#parts, "map", stage, params, options));
  }

  flatMap<U, P>(stage: StageRef<T, readonly Keyed<U>[], P>, params: P, options: MapOptions = {}): Dataset<U> {
    return new SparkDataset<U>(this.#host, withStep(this.#parts, "flatMap", stage, params, options));
  }

  union(...others: readonly Dataset<T>[]): Dataset<T> {
    const parts = others.map((other) => (other as SparkDataset<T>).#parts);
    return new SparkDataset<T>(this.#host, [this.#parts, ...parts].flat());
  }

  groupByKey(): Dataset<readonly T[]> {
    return new SparkDataset(this.#host, [{ source: { kind: "group", inputs: [this.#parts] }, steps: [], label: "" }]);
  }

  cogroup<U>(other: Dataset<U>): Dataset<{ readonly left: readonly T[]; readonly right: readonly U[] }> {
    const inputs = [this.#parts, (other as SparkDataset<U>).#parts];
    return new SparkDataset(this.#host, [{ source: { kind: "cogroup", inputs }, steps: [], label: "" }]);
  }

  async persist(options: CallOptions = {}): Promise<Dataset<T>> {
    if (isReady(this.#parts)) return new SparkDataset<T>(this.#host, this.#parts);
    const kept = await this.#host.job(options, async (signal) => await this.#persist({ signal }));
    if (kept === null) return new SparkDataset<T>(this.#host, []);
    return new SparkDataset<T>(this.#host, [{ source: { kind: "kept", kept }, steps: [], label: "" }]);
  }

  async *collect(options: JobOptions = {}): AsyncIterable<Keyed<T>> {
    const rows = this.#host.stream(options, (signal) => this.#rows({ ...options, signal }));
    for await (const { key, value } of rows) yield { key, value: value as T };
  }

  async foreach<P>(stage: StageRef<T, void, P>, params: P, options: MapOptions & JobOptions = {}): Promise<void> {
    const parts = withStep(this.#parts, "map", stage, params, options);
    await this.#host.job(options, async (signal) => {
      await this.#using(async (temporary) => {
        const opened = await open(this.#host, parts, { ...options, signal, discard: true, temporary });
        if (opened === null) return;
        for await (const _ of readRows(unordered(this.#host, opened, options), this.#host, { signal }));
      });
    });
  }

  /** How Spark would run a collect of this dataset. */
  async explain(options: CallOptions = {}): Promise<string> {
    return await this.#host.job(options, async (signal) => {
      return await this.#using(async (temporary) => {
        const opened = await open(this.#host, this.#parts, { signal, temporary });
        return opened === null ? "" : await ordered(this.#host, opened, {}).explain("simple", { signal });
      });
    });
  }

  async unpersist(): Promise<void> {
    for (const { source, steps } of this.#parts) {
      if (source.kind !== "kept" || steps.length > 0 || source.kept.freed) continue;
      source.kept.freed = true;
      await this.#host.free([source.kept.persisted]);
    }
  }

  async *#rows(options: Running): AsyncGenerator<Keyed<unknown>> {
    const rows = ownRows(this.#parts);
    const [part, ...others] = this.#parts;
    if (rows !== null) yield* rows;
    else if (part!.source.kind === "rows" && others.length === 0) yield* this.#inRanges(part!, part!.source.rows, options);
    else yield* this.#computed(this.#parts, options);
  }

  /** Rows that come back in one job. */
  async *#computed(parts: readonly Part[], options: Running): AsyncGenerator<ReadRow> {
    const temporary: DataFrame[] = [];
    try {
      const opened = await open(this.#host, parts, { ...options, temporary });
      if (opened !== null) yield* readRows(ordered(this.#host, opened, options), this.#host, options);
    } finally {
      await this.#host.free(temporary);
    }
  }

  /** A job a range of the driver's rows, so that what comes back stays far below Spark's limit. */
  async *#inRanges(part: Part, rows: readonly Keyed<unknown>[], options: Running): AsyncGenerator<ReadRow> {
    let range = Math.max(FIRST_RANGE, this.#host.slots);
    for (let at = 0; at < rows.length; ) {
      const some = rows.slice(at, at + range);
      let bytes = 1;
      for await (const row of this.#computed([{ ...part, source: { kind: "rows", rows: some } }], options)) {
        bytes += row.bytes;
        yield row;
      }
      at += some.length;
      const fitting = Math.floor((this.#host.maxResultBytes * RESULT_SHARE * some.length) / bytes);
      range = Math.max(1, Math.min(4 * range, fitting));
    }
  }

  async #using<R>(body: (temporary: DataFrame[]) => Promise<R>): Promise<R> {
    const temporary: DataFrame[] = [];
    try {
      return await body(temporary);
    } finally {
      await this.#host.free(temporary);
    }
  }

  async #persist(options: CallOptions): Promise<Kept | null> {
    return await this.#using(async (temporary) => {
      const opened = await open(this.#host, this.#parts, { ...options, temporary });
      if (opened === null) return null;
      const keys = this.#knownKeys();
      if (keys === null) return await keep(this.#host, ordered(this.#host, opened, options), opened.partitions, null, options);
      const partitions = partitionsFor(keys.length);
      return await keep(this.#host, placedBySeq(opened.frame, keys.length, partitions), partitions, keys, options);
    });
  }

  /** The keys of the rows that will be there, when they are known and ascending. */
  #knownKeys(): readonly string[] | null {
    const [part, ...others] = this.#parts;
    if (part?.source.kind !== "rows" || others.length > 0 || part.steps.some(({ kind }) => kind !== "map")) return null;
    const keys = part.source.rows.map(({ key }) => key);
    return keys.every((key, i) => i === 0 || keys[i - 1]! < key) ? keys : null;
  }
}
