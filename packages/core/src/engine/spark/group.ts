/** Groups: every key's rows together in one partition, keys in order. */
import type { DataFrame, SparkSession } from "@axonloom/spark-connect";
import { directShufflePartitionId } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import type { Keyed } from "../types.ts";
import { type Placed, partitionsFor, placeOf } from "./place.ts";
import { concatOf, placedLocalRows } from "./rows.ts";
import { byKey, encodeKey, GROUP_COLUMNS, PLACED_COLUMNS } from "./wire.ts";

/** What is to be grouped. */
export interface Side {
  /** In any order, some more than once. */
  readonly keys: readonly string[];
  /** The driver's own rows, when it is these only. */
  readonly rows: readonly Keyed<unknown>[] | null;
  /** null for no row. */
  frame(): Promise<DataFrame | null>;
}

/** What a function runs on: rows or groups of one frame, or, with `right`, those of two that lie in the same places. */
export interface Input {
  readonly left: DataFrame;
  readonly right: DataFrame | null;
  readonly partitions: number;
}

export interface Inputs {
  readonly list: readonly Input[];
  /** Place in the order of the rows of each partition, through all inputs; null: they are in order. */
  readonly order: readonly number[] | null;
}

const ROWS = GROUP_COLUMNS.filter((name) => name !== "side");

/**
 * Rows of all sides, one partition a key, sorted by key, side and place. The partition of a key is looked up in a small table that every
 * executor gets: no row is hashed, so no two subvolumes meet in a task by chance. All rows are moved.
 */
export async function grouped(session: SparkSession, sides: readonly Side[]): Promise<Inputs> {
  const keys = [...new Set(sides.flatMap(({ keys }) => keys))].sort(byKey);
  if (keys.length === 0) return { list: [], order: null };
  const partitions = partitionsFor(keys.length);
  const partitionOf = tableOf(session, keys, partitions);
  const placed: DataFrame[] = [];
  for (const [side, { frame }] of sides.entries()) {
    const rows = await frame();
    if (rows !== null) placed.push(rows.join(partitionOf, ["key"]).select("pid", `${side} as side`, ...ROWS));
  }
  const left = concatOf(placed)!
    .repartitionBy([directShufflePartitionId("pid")], partitions)
    .sortWithinPartitions("key", "side", "seq", "part")
    .select(...GROUP_COLUMNS)
    .toDF(...GROUP_COLUMNS);
  return { list: [{ left, right: null, partitions }], order: null };
}

/**
 * Groups where the rows of `left` lie already: these stay, and those of `right` (null: there is no such side) come to them.
 * null when that cannot be: a key that two parts have, or that only `right` has.
 */
export async function groupedInPlace(
  session: SparkSession,
  left: readonly Placed[],
  right: Side | null,
  options: CallOptions & { readonly label: string; readonly tasks: number },
): Promise<Inputs | null> {
  const order = orderOf(left);
  if (order === null) return null;
  const partOf = new Map<string, readonly [part: number, place: number]>();
  for (const [part, { keys, partitions }] of left.entries()) {
    for (const [i, key] of keys.entries()) partOf.set(key, [part, placeOf(i, keys.length, partitions)]);
  }
  if (right?.keys.some((key) => !partOf.has(key))) return null;
  const wanted = new Set(right?.keys.map((key) => partOf.get(key)![0]));
  const all = right === null || right.rows !== null ? null : await right.frame();
  const list: Input[] = [];
  for (const [part, { frame, keys, partitions }] of left.entries()) {
    if (!wanted.has(part)) {
      list.push({ left: frame.select("0 as side", ...ROWS).toDF("side", ...ROWS), right: null, partitions });
      continue;
    }
    let come: DataFrame;
    if (right!.rows !== null) {
      const rows = right!.rows.filter(({ key }) => partOf.get(key)![0] === part);
      come = await placedLocalRows(session, rows, (i) => partOf.get(rows[i]!.key)![1], partitions, options);
    } else {
      come = all!
        .join(tableOf(session, keys, partitions), ["key"])
        .select(...PLACED_COLUMNS)
        .repartitionBy([directShufflePartitionId("pid")], partitions)
        .sortWithinPartitions("pid", "key", "seq", "part");
    }
    list.push({ left: frame.select("pid", ...ROWS), right: come.select("pid", ...ROWS), partitions });
  }
  return { list, order: order.every((place, i) => place === i) ? null : order };
}

/** The place of each partition among all; null when that cannot be said. */
function orderOf(parts: readonly Placed[]): number[] | null {
  if (parts.length === 1) return Array.from({ length: parts[0]!.partitions }, (_, i) => i);
  if (parts.some(({ keys, partitions }) => partitions < keys.length)) return null;
  const keys = parts.flatMap(({ keys }) => keys);
  const sorted = keys.map((_, i) => i).sort((p, q) => byKey(keys[p]!, keys[q]!));
  if (sorted.some((at, i) => i > 0 && keys[at] === keys[sorted[i - 1]!])) return null;
  const order = new Array<number>(keys.length);
  for (const [place, at] of sorted.entries()) order[at] = place;
  return order;
}

/** The partition of each key, for a join. @param keys ascending */
function tableOf(session: SparkSession, keys: readonly string[], partitions: number): DataFrame {
  const table = keys.map((key, i) => ({ key: encodeKey(key), pid: placeOf(i, keys.length, partitions) }));
  return session.fromRows(table, "key binary, pid int").coalesce(1).hint("broadcast");
}
