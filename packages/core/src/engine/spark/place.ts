/**
 * Where rows lie. Rows whose keys are known and ascending are moved once, each key to a partition of its own, before Spark keeps them: what
 * is grouped with them later comes to them, and they stay.
 *
 *   parallelize ─ map ─▶ placed by position ─▶ persist ──┐ no exchange
 *                 small rows ─▶ placed by key ───────────┴▶ cogroup
 *
 * Spark 4.1 knows the partitions of kept rows again (the column `pid` in `direct_shuffle_partition_id`), also their order.
 */
import { type DataFrame, directShufflePartitionId } from "@axonloom/spark-connect";
import { rowColumns } from "./rows.ts";
import { encodeIndex, PLACED_COLUMNS, ROW_COLUMNS } from "./wire.ts";

/** Above so many keys a partition has several, neighbours in the order. */
const MOST_PARTITIONS = 20_000;

/** Kept rows in their places: columns as in {@link PLACED_COLUMNS}, sorted in a partition by key and place. */
export interface Placed {
  readonly frame: DataFrame;
  /** Ascending, none twice; the i-th lies in partition `placeOf(i, keys.length, partitions)`. */
  readonly keys: readonly string[];
  readonly partitions: number;
}

export function partitionsFor(keys: number): number {
  return Math.min(keys, MOST_PARTITIONS);
}

export function placeOf(index: number, keys: number, partitions: number): number {
  return Math.floor((index * partitions) / keys);
}

/** Places rows that were made, row by row, from `keys` rows of `parallelize` with ascending keys: their `seq` begins with the position. */
export function placedBySeq(frame: DataFrame, keys: number, partitions: number): DataFrame {
  const position = "cast(conv(hex(substring(seq, 1, 4)), 16, 10) as bigint)";
  return frame
    .select(`cast(${position} * ${partitions} div ${keys} as int) as pid`, ...ROW_COLUMNS)
    .repartitionBy([directShufflePartitionId("pid")], partitions)
    .sortWithinPartitions("pid", "key", "seq", "part")
    .toDF(...PLACED_COLUMNS);
}

/**
 * Rows in their order, and at most `tasks` tasks at once to make them (0: as many as there are). The rows made are moved, not those that
 * they are made from. `order[p]`: place of the rows of partition p; null: they are in order.
 */
export function inOrder(frame: DataFrame, partitions: number, order: readonly number[] | null, tasks: number): DataFrame {
  if (order === null && tasks === 0) return frame;
  // The casts keep Spark from leaving `coalesce` out.
  const made = frame.select("cast(spark_partition_id() as bigint) as at", ...ROW_COLUMNS);
  const limited = tasks === 0 ? made : made.coalesce(tasks);
  return rowColumns(
    limited
      .select(`${order === null ? "cast(at as int)" : lookUp(order)} as pid`, ...ROW_COLUMNS)
      .repartitionBy([directShufflePartitionId("pid")], partitions)
      .sortWithinPartitions("seq", "part"),
  );
}

/** A table of numbers as an expression of SQL. */
function lookUp(order: readonly number[]): string {
  const table = Buffer.concat(order.map(encodeIndex)).toString("hex");
  return `cast(conv(hex(substring(X'${table}', 4 * cast(at as int) + 1, 4)), 16, 10) as int)`;
}
