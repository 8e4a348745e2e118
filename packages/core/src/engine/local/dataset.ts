/**
 * A dataset of the local engine: partitions (one task each) and the steps to run on them.
 *
 *   parallelize ──▶ partitions ──map──▶ … ──▶ persist / collect / foreach: one task a partition
 *                                  groupByKey, cogroup: run and spill first, then one partition a key
 */
import { rm } from "node:fs/promises";
import type { CallOptions } from "../../call-options.ts";
import type { Dataset, Keyed, MapOptions, StageRef } from "../types.ts";
import type { LocalEngine } from "./engine.ts";
import { loadRow, spillRows } from "./spill.ts";
import type { KeyedRef, RowRef, Step, TaskInput } from "./task.ts";

export interface Partition {
  readonly key: string;
  readonly input: TaskInput;
}

/** What a dataset is made of; `temporary` files go when it has been run. */
interface Partitions {
  readonly partitions: AsyncIterable<Partition> | Iterable<Partition>;
  readonly temporary: readonly string[];
}

type PartitionSource = (options: CallOptions) => Promise<Partitions>;

export class LocalDataset<T> implements Dataset<T> {
  readonly #engine: LocalEngine;
  readonly #source: PartitionSource;
  readonly #steps: readonly Step[];
  readonly #label: string;
  readonly #files: readonly string[];

  constructor(
    engine: LocalEngine,
    source: PartitionSource,
    steps: readonly Step[] = [],
    label = "",
    files: readonly string[] = [],
  ) {
    this.#engine = engine;
    this.#source = source;
    this.#steps = steps;
    this.#label = label;
    this.#files = files;
  }

  map<U, P>(stage: StageRef<T, U, P>, params: P, options: MapOptions = {}): Dataset<U> {
    return this.#then("map", stage, params, options);
  }

  flatMap<U, P>(stage: StageRef<T, readonly Keyed<U>[], P>, params: P, options: MapOptions = {}): Dataset<U> {
    return this.#then("flatMap", stage, params, options);
  }

  union(other: Dataset<T>): Dataset<T> {
    const parts = [this as LocalDataset<T>, other as LocalDataset<T>];
    const files = parts.flatMap((dataset) => dataset.#files);
    const source: PartitionSource = async (options) => {
      const sources = await Promise.all(parts.map((dataset) => dataset.#computed(options)));
      return {
        partitions: chain(sources.map((source) => source.partitions)),
        temporary: sources.flatMap((source) => source.temporary),
      };
    };
    return new LocalDataset<T>(this.#engine, source, [], this.#label, files);
  }

  groupByKey(): Dataset<readonly T[]> {
    return new LocalDataset(this.#engine, async (options) => {
      const { refs, files } = await this.#spilled(options);
      const partitions = sortedGroups(refs).map(([key, rows]) => ({ key, input: { kind: "group" as const, rows } }));
      return { partitions, temporary: files };
    });
  }

  cogroup<U>(other: Dataset<U>): Dataset<{ readonly left: readonly T[]; readonly right: readonly U[] }> {
    return new LocalDataset(this.#engine, async (options) => {
      const mine = await this.#spilled(options);
      const theirs = await (other as LocalDataset<U>).#spilled(options);
      const [left, right] = [new Map(sortedGroups(mine.refs)), new Map(sortedGroups(theirs.refs))];
      const keys = [...new Set([...left.keys(), ...right.keys()])].sort(byText);
      const partitions = keys.map((key) => ({
        key,
        input: { kind: "cogroup" as const, left: left.get(key) ?? [], right: right.get(key) ?? [] },
      }));
      return { partitions, temporary: [...mine.files, ...theirs.files] };
    });
  }

  async persist(options: CallOptions = {}): Promise<Dataset<T>> {
    const { refs, files } = await this.#spilled(options);
    const partitions = refs.map(toPartition);
    return new LocalDataset<T>(this.#engine, async () => ({ partitions, temporary: [] }), [], this.#label, files);
  }

  async *collect(options: CallOptions = {}): AsyncIterable<Keyed<T>> {
    for await (const rows of this.#run("return", options)) {
      for (const { key, row } of rows) yield { key, value: (await loadRow(row)) as T };
    }
  }

  async foreach<P>(
    stage: StageRef<T, void, P>,
    params: P,
    options: MapOptions & CallOptions & { readonly concurrency?: number } = {},
  ): Promise<void> {
    const dataset = this.#then("map", stage, params, options);
    for await (const _ of dataset.#run("discard", options)) {
      // nothing comes back
    }
  }

  async unpersist(): Promise<void> {
    await removeAll(this.#files);
  }

  #then<U, P>(
    kind: Step["kind"],
    stage: { readonly module: string; readonly export: string },
    params: P,
    options: MapOptions,
  ): LocalDataset<U> {
    const step: Step = { kind, module: stage.module, export: stage.export, params };
    return new LocalDataset<U>(this.#engine, this.#source, [...this.#steps, step], options.label ?? this.#label);
  }

  /** Partitions with all steps done, each row of them its own partition. */
  async #computed(options: CallOptions): Promise<Partitions> {
    if (this.#steps.length === 0) return await this.#source(options);
    const { refs, files } = await this.#spilled(options);
    return { partitions: refs.map(toPartition), temporary: files };
  }

  /** Every row out of memory; `files` are the caller's to remove. */
  async #spilled(options: CallOptions): Promise<{ refs: KeyedRef[]; files: string[] }> {
    const refs: KeyedRef[] = [];
    const files: string[] = [];
    if (this.#steps.length === 0) {
      for await (const { key, input } of (await this.#source(options)).partitions) {
        if (input.kind !== "row") return await this.#withIdentity().#spilled(options);
        if (input.row.kind === "spilled") {
          refs.push({ key, row: input.row });
        } else {
          const file = this.#engine.newSpillFile();
          files.push(file);
          refs.push(...(await spillRows(file, [{ key, value: input.row.value }])));
        }
      }
      return { refs, files };
    }
    for await (const rows of this.#run("spill", options)) {
      refs.push(...rows);
      for (const { row } of rows) if (row.kind === "spilled" && row.file !== files.at(-1)) files.push(row.file);
    }
    return { refs, files };
  }

  /** Groups are values only inside a task: lets a task write them out as they are. */
  #withIdentity(): LocalDataset<T> {
    return new LocalDataset<T>(this.#engine, this.#source, [identityStep], this.#label);
  }

  async *#run(
    kind: "return" | "spill" | "discard",
    options: CallOptions & { readonly concurrency?: number },
  ): AsyncIterable<readonly KeyedRef[]> {
    const { partitions, temporary } = await this.#source(options);
    const tasks = mapIterable(partitions, ({ key, input }) => ({
      key,
      input,
      label: this.#label,
      steps: this.#steps,
      sink: kind === "spill" ? { kind, file: this.#engine.newSpillFile() } : { kind },
    }));
    try {
      yield* this.#engine.execute(tasks, options);
    } finally {
      await removeAll(temporary);
    }
  }
}

const identityStep: Step = {
  kind: "map",
  module: new URL("./identity.js", import.meta.url).href,
  export: "identity",
  params: null,
};

async function* mapIterable<A, B>(items: AsyncIterable<A> | Iterable<A>, f: (item: A) => B): AsyncIterable<B> {
  for await (const item of items) yield f(item);
}

async function* chain<A>(sources: readonly (AsyncIterable<A> | Iterable<A>)[]): AsyncIterable<A> {
  for (const source of sources) yield* source;
}

function toPartition({ key, row }: KeyedRef): Partition {
  return { key, input: { kind: "row", row } };
}

/** Plain code-unit order: the same on every machine and locale. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortedGroups(refs: readonly KeyedRef[]): [string, RowRef[]][] {
  const groups = new Map<string, RowRef[]>();
  for (const { key, row } of refs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups].sort(([a], [b]) => byText(a, b));
}

async function removeAll(files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file, { force: true });
}
