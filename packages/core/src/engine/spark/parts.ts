/** From the parts of a dataset to a frame of Spark with their rows. */
import type { DataFrame } from "@axonloom/spark-connect";
import { AxonloomError } from "../../errors.ts";
import type { DatasetPart } from "../steps.ts";
import type { JobOptions, Keyed } from "../types.ts";
import { grouped, groupedInPlace, type Inputs, type Side } from "./group.ts";
import type { SparkHost } from "./host.ts";
import { type Kept, keep } from "./kept.ts";
import { inOrder, type Placed } from "./place.ts";
import { concatOf, localRows, unionOf } from "./rows.ts";

type Source =
  | { readonly kind: "rows"; readonly rows: readonly Keyed<unknown>[] }
  | { readonly kind: "kept"; readonly kept: Kept }
  | { readonly kind: "group" | "cogroup"; readonly inputs: readonly (readonly Part[])[] };

export interface Part extends DatasetPart {
  readonly source: Source;
}

/** A frame with the rows of a dataset. */
export interface Opened {
  readonly frame: DataFrame;
  readonly partitions: number;
  /** Place in the order of the rows of each partition; null: they are in order. */
  readonly order: readonly number[] | null;
}

export interface OpenOptions extends JobOptions {
  /** Only the effects are wanted. */
  readonly discard?: boolean;
  /** Gets what is to be freed after the job. */
  readonly temporary: DataFrame[];
}

/** null: no row. */
export async function open(host: SparkHost, parts: readonly Part[], options: OpenOptions): Promise<Opened | null> {
  const opened: Opened[] = [];
  for (const part of parts) {
    const found = await openPart(host, part, options);
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

/** Whether all rows are there already, here or in Spark. */
export function isReady(parts: readonly Part[]): boolean {
  return parts.every(({ source, steps }) => steps.length === 0 && (source.kind === "rows" || source.kind === "kept"));
}

/** Their rows, when all are the driver's own. */
export function ownRows(parts: readonly Part[]): Keyed<unknown>[] | null {
  const all = parts.map(({ source, steps }) => (source.kind === "rows" && steps.length === 0 ? source.rows : null));
  return all.includes(null) ? null : all.flatMap((rows) => rows!);
}

/** The limit for Spark's tasks; 0: there is none, or it does not matter. */
function tasksOf({ slots }: SparkHost, { partitions }: Opened, { concurrency = 0 }: JobOptions): number {
  return concurrency < Math.min(slots, partitions) ? concurrency : 0;
}

/** Rows in their order, and as many tasks at once as the options allow. */
export function ordered(host: SparkHost, opened: Opened, options: JobOptions): DataFrame {
  return inOrder(opened.frame, opened.partitions, opened.order, tasksOf(host, opened, options));
}

/** The same for rows whose order does not matter. */
export function unordered(host: SparkHost, opened: Opened, options: JobOptions): DataFrame {
  const tasks = tasksOf(host, opened, options);
  return tasks === 0 ? opened.frame : opened.frame.coalesce(tasks);
}

async function openPart(host: SparkHost, part: Part, options: OpenOptions): Promise<Opened | null> {
  const { source, steps, label } = part;
  const { discard = false } = options;
  const input = source.kind === "group" || source.kind === "cogroup" ? source.kind : "row";
  const { list, order } = await openSource(host, part, options);
  const frames: DataFrame[] = [];
  for (const one of list) {
    const raw = steps.length === 0 && input === "row";
    frames.push(raw ? one.left : await host.run(one, steps, { label, input, discard }, options));
  }
  const frame = concatOf(frames);
  return frame === null ? null : { frame, partitions: list.reduce((sum, { partitions }) => sum + partitions, 0), order };
}

async function openSource(host: SparkHost, { source, label }: Part, options: OpenOptions): Promise<Inputs> {
  const { session, slots } = host;
  const single = (left: DataFrame | null, partitions: number) => {
    return { list: left === null ? [] : [{ left, right: null, partitions }], order: null };
  };
  if (source.kind === "rows") return single(await localRows(session, source.rows, { ...options, label }), source.rows.length);
  if (source.kind === "kept") {
    const { kept } = source;
    if (kept.freed) throw freed();
    return single(kept.frame, kept.partitions);
  }
  const [left, right] = source.inputs;
  const placed = placedOf(left!);
  const other = right === undefined ? null : await sideOf(host, right, options);
  if (placed !== null) {
    const found = await groupedInPlace(session, placed, other, { ...options, label, tasks: slots });
    if (found !== null) return found;
  }
  const first = await sideOf(host, left!, options);
  return await grouped(session, other === null ? [first] : [first, other]);
}

/** The parts, when all are kept in their places. */
function placedOf(parts: readonly Part[]): Placed[] | null {
  const placed: Placed[] = [];
  for (const { source, steps } of parts) {
    if (steps.length > 0 || source.kind !== "kept" || source.kept.placed === null) return null;
    if (source.kept.freed) throw freed();
    placed.push(source.kept.placed);
  }
  return placed.length === 0 ? null : placed;
}

/** The rows as one side of a grouping: as they are when they are there, else computed and kept until the job ends. */
async function sideOf(host: SparkHost, parts: readonly Part[], all: OpenOptions): Promise<Side> {
  const options: OpenOptions = { ...all, discard: false };
  if (isReady(parts)) {
    const keys = parts.flatMap(({ source }) => {
      if (source.kind === "rows") return source.rows.map(({ key }) => key);
      return source.kind === "kept" ? source.kept.keys : [];
    });
    return { keys, rows: ownRows(parts), frame: async () => (await open(host, parts, options))?.frame ?? null };
  }
  const opened = await open(host, parts, options);
  if (opened === null) return { keys: [], rows: [], frame: async () => null };
  const kept = await keep(host, unordered(host, opened, options), opened.partitions, null, options);
  options.temporary.push(kept.persisted);
  return { keys: kept.keys, rows: null, frame: async () => kept.frame };
}

function freed(): AxonloomError {
  return new AxonloomError("E_CHECKPOINT_DAMAGED", "expected persisted rows, found that they were freed by unpersist: run again");
}
