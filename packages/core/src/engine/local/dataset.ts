/**
 * A dataset of the local engine: parts, each of partitions (one task each) and the steps to run on them.
 *
 *   parallelize ──▶ partitions ──map──▶ … ──▶ persist / collect / foreach: one task a partition
 *                                  groupByKey, cogroup: run and spill first, then one partition a key
 *                                  union: the parts of all, one after another
 */
import { rm } from "node:fs/promises";
import type { CallOptions } from "../../call-options.ts";
import { type DatasetPart, withStep } from "../steps.ts";
import type { Dataset, JobOptions, Keyed, MapOptions, StageRef } from "../types.ts";
import { loadRow, SpillWriter } from "./spill.ts";
import type { KeyedRef, NewTask, RowRef, TaskInput, TaskRunner } from "./task.ts";

export interface Partition {
  readonly key: string;
  readonly input: TaskInput;
}

/** What a part is made of; `temporary` files go when it has been run. */
interface Partitions {
  readonly partitions: Iterable<Partition>;
  readonly temporary: readonly string[];
}

export interface Part extends DatasetPart {
  open(options: CallOptions): Promise<Partitions>;
  /** What `persist` keeps for it. */
  readonly files: readonly string[];
}

export class LocalDataset<T> implements Dataset<T> {
  readonly #engine: TaskRunner;
  readonly #parts: readonly Part[];

  constructor(engine: TaskRunner, parts: readonly Part[]) {
    this.#engine = engine;
    this.#parts = parts;
  }

  map<U, P>(stage: StageRef<T, U, P>, params: P, options: MapOptions = {}): Dataset<U> {
    return new LocalDataset<U>(this.#engine, withStep(this.#parts, "map", stage, params, options));
  }

  flatMap<U, P>(stage: StageRef<T, readonly Keyed<U>[], P>, params: P, options: MapOptions = {}): Dataset<U> {
    return new LocalDataset<U>(this.#engine, withStep(this.#parts, "flatMap", stage, params, options));
  }

  union(...others: readonly Dataset<T>[]): Dataset<T> {
    const parts = others.map((other) => (other as LocalDataset<T>).#parts);
    return new LocalDataset<T>(this.#engine, [this.#parts, ...parts].flat());
  }

  groupByKey(): Dataset<readonly T[]> {
    return this.#grouped(async (options) => {
      const { refs, files } = await this.#spilled(options);
      const partitions = sortedGroups(refs).map(([key, rows]) => ({ key, input: { kind: "group" as const, rows } }));
      return { partitions, temporary: files };
    });
  }

  cogroup<U>(other: Dataset<U>): Dataset<{ readonly left: readonly T[]; readonly right: readonly U[] }> {
    return this.#grouped(async (options) => {
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
    const partitions = refs.map(({ key, row }) => ({ key, input: { kind: "row" as const, row } }));
    const label = this.#parts[0]?.label ?? "";
    return new LocalDataset<T>(this.#engine, [{ open: async () => ({ partitions, temporary: [] }), steps: [], label, files }]);
  }

  async *collect(options: JobOptions = {}): AsyncIterable<Keyed<T>> {
    for await (const rows of this.#run("return", options)) {
      for (const { key, row } of rows) yield { key, value: (await loadRow(row)) as T };
    }
  }

  async foreach<P>(stage: StageRef<T, void, P>, params: P, options: MapOptions & JobOptions = {}): Promise<void> {
    const dataset = new LocalDataset<void>(this.#engine, withStep(this.#parts, "map", stage, params, options));
    for await (const _ of dataset.#run("discard", options)) {
      // nothing comes back
    }
  }

  async unpersist(): Promise<void> {
    for (const { files, steps } of this.#parts) if (steps.length === 0) await removeAll(files);
  }

  #grouped<U>(open: Part["open"]): LocalDataset<U> {
    return new LocalDataset<U>(this.#engine, [{ open, steps: [], label: "", files: [] }]);
  }

  /** Every row out of memory; `files` are new ones, the caller's to remove. */
  async #spilled(options: CallOptions): Promise<{ refs: KeyedRef[]; files: string[] }> {
    const refs: KeyedRef[] = [];
    const files: string[] = [];
    const newFile = () => {
      const file = this.#engine.newSpillFile();
      files.push(file);
      return file;
    };
    const writer = new SpillWriter(newFile);
    const label = this.#parts[0]?.label ?? "";
    try {
      for await (const rows of this.#run("spill", options, newFile)) {
        for (const { key, row } of rows) {
          if (row.kind === "spilled") refs.push({ key, row });
          else refs.push({ key, row: await writer.append(await loadRow(row), label, key) });
        }
      }
    } catch (error) {
      await removeAll(files);
      throw error;
    }
    return { refs, files };
  }

  async *#run(
    kind: "return" | "spill" | "discard",
    options: JobOptions,
    newFile: () => string = () => this.#engine.newSpillFile(),
  ): AsyncIterable<readonly KeyedRef[]> {
    const temporary: (readonly string[])[] = [];
    const parts = this.#parts;
    const sinkOf = () => (kind === "spill" ? { kind, file: newFile() } : { kind });
    // Rows without a step need no task.
    async function* tasks(inner: CallOptions): AsyncIterable<NewTask | KeyedRef> {
      for (const { open, steps, label } of parts) {
        const opened = await open(inner);
        temporary.push(opened.temporary);
        for (const { key, input } of opened.partitions) {
          if (steps.length === 0 && input.kind === "row") yield { key, row: input.row };
          else yield { key, label, input, steps, sink: sinkOf() };
        }
      }
    }
    try {
      yield* this.#engine.execute(tasks, { ...options, rowsComeBack: kind === "return" });
    } finally {
      for (const files of temporary) await removeAll(files);
    }
  }
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
