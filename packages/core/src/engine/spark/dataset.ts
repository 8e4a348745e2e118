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
import { type DataFrame, STORAGE_LEVEL } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import type { HostedStep } from "../task-host.ts";
import type { Dataset, JobOptions, Keyed, MapOptions, StageRef } from "../types.ts";
import { grouped, groupedInPlace, type Inputs, type Side } from "./group.ts";
import type { SparkHost } from "./host.ts";
import { inOrder, type Placed, partitionsFor, placedBySeq } from "./place.ts";
import { type ReadRow, readRows } from "./results.ts";
import { concatOf, localRows, rowColumns, unionOf } from "./rows.ts";

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
  readonly partitions: number;
  readonly placed: Placed | null;
  /** What `unpersist` frees. */
  readonly persisted: DataFrame;
  readonly keys: readonly string[];
  /** Set when the rows were freed. */
  freed: boolean;
}

/** A frame with the rows of a dataset. */
interface Opened {
  readonly frame: DataFrame;
  readonly partitions: number;
  /** Place in the order of the rows of each partition; null: they are in order. */
  readonly order: readonly number[] | null;
}

/** What is to be freed after a job. */
type Temporary = DataFrame[];

/** Rows of the first job of a collect; later ones are as large as the rows found allow. */
const FIRST_RANGE = 64;
/** A job's rows take at most this part of what Spark lets come back. */
const RESULT_SHARE = 1 / 8;

/** Bytes lie in memory as they are, and go to disk when there is no room. */
const LEVEL = STORAGE_LEVEL.memoryAndDisk;

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
    const kept = await this.#host.job(options, async (signal) => await this.#persist({ signal }));
    if (kept === null) return new SparkDataset<T>(this.#host, []);
    return new SparkDataset<T>(this.#host, [{ source: { kind: "kept", kept }, steps: [], label: "" }]);
  }

  async *collect(options: JobOptions = {}): AsyncIterable<Keyed<T>> {
    const rows = this.#host.stream(options, (signal) => this.#rows({ ...options, signal }));
    for await (const { key, value } of rows) yield { key, value: value as T };
  }

  async foreach<P>(stage: StageRef<T, void, P>, params: P, options: MapOptions & JobOptions = {}): Promise<void> {
    const dataset = this.#then("map", stage, params, options);
    await this.#host.job(options, async (signal) => {
      await this.#using(async (temporary) => {
        const opened = await dataset.#open({ ...options, signal }, true, temporary);
        if (opened === null) return;
        const tasks = this.#atOnce(opened, options);
        const frame = tasks === 0 ? opened.frame : opened.frame.coalesce(tasks);
        for await (const _ of readRows(frame, this.#host, { signal }));
      });
    });
  }

  /** How Spark would run a collect of this dataset. */
  async explain(options: CallOptions = {}): Promise<string> {
    return await this.#host.job(options, async (signal) => {
      return await this.#using(async (temporary) => {
        const opened = await this.#open({ signal }, false, temporary);
        return opened === null ? "" : await this.#inOrder(opened, {}).explain("simple", { signal });
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
    const rows = this.#localRows();
    const [part, ...others] = this.#parts;
    if (rows !== null) yield* rows;
    else if (part!.source.kind === "rows" && others.length === 0) yield* this.#inRanges(part!, part!.source.rows, options);
    else yield* this.#computed(options);
  }

  /** Rows that come back in one job. */
  async *#computed(options: JobOptions & { readonly signal: AbortSignal }): AsyncGenerator<ReadRow> {
    const temporary: Temporary = [];
    try {
      const opened = await this.#open(options, false, temporary);
      if (opened !== null) yield* readRows(this.#inOrder(opened, options), this.#host, options);
    } finally {
      await this.#host.free(temporary);
    }
  }

  /** A job a range of the driver's rows, so that what comes back stays far below Spark's limit. */
  async *#inRanges(
    part: Part,
    rows: readonly Keyed<unknown>[],
    options: JobOptions & { readonly signal: AbortSignal },
  ): AsyncGenerator<ReadRow> {
    let range = Math.max(FIRST_RANGE, this.#host.slots);
    for (let at = 0; at < rows.length; ) {
      const some = rows.slice(at, at + range);
      let bytes = 1;
      for await (const row of new SparkDataset(this.#host, [{ ...part, source: { kind: "rows", rows: some } }]).#computed(
        options,
      )) {
        bytes += row.bytes;
        yield row;
      }
      at += some.length;
      const fitting = Math.floor((this.#host.maxResultBytes * RESULT_SHARE * some.length) / bytes);
      range = Math.max(1, Math.min(4 * range, fitting));
    }
  }

  async #using<R>(body: (temporary: Temporary) => Promise<R>): Promise<R> {
    const temporary: Temporary = [];
    try {
      return await body(temporary);
    } finally {
      await this.#host.free(temporary);
    }
  }

  /** The limit for Spark's tasks; 0: there is none, or it does not matter. */
  #atOnce({ partitions }: Opened, { concurrency = 0 }: JobOptions): number {
    return concurrency < Math.min(this.#host.slots, partitions) ? concurrency : 0;
  }

  #inOrder(opened: Opened, options: JobOptions): DataFrame {
    return inOrder(opened.frame, opened.partitions, opened.order, this.#atOnce(opened, options));
  }

  async #persist(options: CallOptions): Promise<Kept | null> {
    return await this.#using(async (temporary) => {
      const opened = await this.#open(options, false, temporary);
      if (opened === null) return null;
      const keys = this.#knownKeys();
      if (keys === null) return await this.#keep(this.#inOrder(opened, options), opened.partitions, null, options);
      const partitions = partitionsFor(keys.length);
      return await this.#keep(placedBySeq(opened.frame, keys.length, partitions), partitions, keys, options);
    });
  }

  /** The keys of the rows that will be there, when they are known and ascending. */
  #knownKeys(): readonly string[] | null {
    const [part, ...others] = this.#parts;
    if (part?.source.kind !== "rows" || others.length > 0 || part.steps.some(({ kind }) => kind !== "map")) return null;
    const keys = part.source.rows.map(({ key }) => key);
    return keys.every((key, i) => i === 0 || keys[i - 1]! < key) ? keys : null;
  }

  /** Computes the rows, keeps them in Spark, and learns their keys. @param places the keys, when the rows lie in their places */
  async #keep(frame: DataFrame, partitions: number, places: readonly string[] | null, options: CallOptions): Promise<Kept> {
    await frame.persist(LEVEL, options);
    const keys: string[] = [];
    try {
      // Reading the keys computes every partition, and says what the tasks say.
      for await (const { key } of readRows(frame.select("key", "note", "parts", "part"), this.#host, options)) {
        if (places === null) keys.push(key);
      }
    } catch (error) {
      await this.#host.free([frame]);
      throw error;
    }
    const rows = frame.filter("note is null");
    const placed = places === null ? null : { frame: rows, keys: places, partitions };
    const own = placed === null ? rows : rowColumns(rows);
    return { frame: own, partitions, placed, persisted: frame, keys: places ?? keys, freed: false };
  }

  /** @param discard only the effects are wanted. null: no row */
  async #open(options: JobOptions, discard: boolean, temporary: Temporary): Promise<Opened | null> {
    const opened: Opened[] = [];
    for (const part of this.#parts) {
      const found = await this.#openPart(part, options, discard, temporary);
      if (found !== null) opened.push(found);
    }
    const frame = unionOf(opened.map(({ frame }) => frame));
    if (frame === null) return null;
    const partitions = opened.reduce((sum, { partitions }) => sum + partitions, 0);
    if (opened.every(({ order }) => order === null)) return { frame, partitions, order: null };
    let before = 0;
    const order = opened.flatMap(({ order, partitions }) => {
      const places = Array.from({ length: partitions }, (_, i) => before + (order === null ? i : order[i]!));
      before += partitions;
      return places;
    });
    return { frame, partitions, order };
  }

  async #openPart(
    { source, steps, label }: Part,
    options: JobOptions,
    discard: boolean,
    temporary: Temporary,
  ): Promise<Opened | null> {
    const input = source.kind === "group" || source.kind === "cogroup" ? source.kind : "row";
    const { list, order } = await this.#openSource(source, label, options, temporary);
    const frames: DataFrame[] = [];
    for (const one of list) {
      const raw = steps.length === 0 && input === "row";
      frames.push(raw ? one.left : await this.#host.run(one, steps, { label, input, discard }, options));
    }
    const frame = concatOf(frames);
    return frame === null ? null : { frame, partitions: list.reduce((sum, { partitions }) => sum + partitions, 0), order };
  }

  async #openSource(source: Source, label: string, options: JobOptions, temporary: Temporary): Promise<Inputs> {
    const single = (left: DataFrame | null, partitions: number) => {
      return { list: left === null ? [] : [{ left, right: null, partitions }], order: null };
    };
    if (source.kind === "rows") {
      return single(await localRows(this.#host.session, source.rows, { ...options, label }), source.rows.length);
    }
    if (source.kind === "kept") {
      const { kept } = source;
      if (kept.freed) throw freed();
      return single(kept.frame, kept.partitions);
    }
    const { session, slots } = this.#host;
    const [left, right] = source.inputs;
    const placed = left!.#placed();
    const other = right === undefined ? null : await right.#side(options, temporary);
    if (placed !== null) {
      const found = await groupedInPlace(session, placed, other, { ...options, label, tasks: slots });
      if (found !== null) return found;
    }
    const first = await left!.#side(options, temporary);
    return await grouped(session, other === null ? [first] : [first, other]);
  }

  /** Its parts, when all are kept in their places. */
  #placed(): Placed[] | null {
    const placed: Placed[] = [];
    for (const { source, steps } of this.#parts) {
      if (steps.length > 0 || source.kind !== "kept" || source.kept.placed === null) return null;
      if (source.kept.freed) throw freed();
      placed.push(source.kept.placed);
    }
    return placed.length === 0 ? null : placed;
  }

  /** Its rows, when all are the driver's own. */
  #localRows(): Keyed<unknown>[] | null {
    const all = this.#parts.map(({ source, steps }) => (source.kind === "rows" && steps.length === 0 ? source.rows : null));
    return all.includes(null) ? null : all.flatMap((rows) => rows!);
  }

  /** The rows as one side of a grouping: as they are when they are there, else computed and kept until the job ends. */
  async #side(options: JobOptions, temporary: Temporary): Promise<Side> {
    if (this.#ready()) {
      const keys = this.#parts.flatMap(({ source }) => {
        if (source.kind === "rows") return source.rows.map(({ key }) => key);
        return source.kind === "kept" ? source.kept.keys : [];
      });
      const frame = async () => (await this.#open(options, false, temporary))?.frame ?? null;
      return { keys, rows: this.#localRows(), frame };
    }
    const opened = await this.#open(options, false, temporary);
    if (opened === null) return { keys: [], rows: [], frame: async () => null };
    const tasks = this.#atOnce(opened, options);
    const frame = tasks === 0 ? opened.frame : opened.frame.coalesce(tasks);
    const kept = await this.#keep(frame, opened.partitions, null, options);
    temporary.push(kept.persisted);
    return { keys: kept.keys, rows: null, frame: async () => kept.frame };
  }
}

function copyOf(source: Source): Source {
  return source.kind === "rows" ? { kind: "rows", rows: [...source.rows] } : source;
}

function freed(): AxonloomError {
  return new AxonloomError("E_CHECKPOINT_DAMAGED", "expected persisted rows, found that they were freed by unpersist: run again");
}
