/** Groups: every key's rows together in one partition, keys in order. */
import type { DataFrame, SparkSession } from "@axonloom/spark-connect";
import { directShufflePartitionId } from "@axonloom/spark-connect";
import { byKey, encodeKey, GROUP_COLUMNS } from "./wire.ts";

/** Above so many keys a partition has several, neighbours in the order. */
const MOST_PARTITIONS = 20_000;

export interface Side {
  readonly frame: DataFrame;
  readonly keys: readonly string[];
}

/**
 * Rows of all sides, one partition a key, sorted by key, side and place; null when there is no key. The partition of a key is looked up in
 * a small table that every executor gets: no row is hashed, so no two subvolumes meet in a task by chance.
 * @param partitions at most so many; 0: as many as keys.
 */
export function grouped(session: SparkSession, sides: readonly Side[], partitions: number): DataFrame | null {
  const keys = [...new Set(sides.flatMap(({ keys }) => keys))].sort(byKey);
  if (keys.length === 0) return null;
  const n = Math.min(keys.length, partitions > 0 ? partitions : MOST_PARTITIONS);
  const table = keys.map((key, i) => ({ key: encodeKey(key), pid: Math.floor((i * n) / keys.length) }));
  const partitionOf = session.fromRows(table, "key binary, pid int").coalesce(1).hint("broadcast");
  const placed = sides
    .map(({ frame, keys }, side) =>
      keys.length === 0 ? null : frame.join(partitionOf, ["key"]).select("pid", `${side} as side`, ...ROWS),
    )
    .filter((frame) => frame !== null);
  const [first, ...others] = placed;
  return others
    .reduce((all, frame) => all.union(frame), first!)
    .repartitionBy([directShufflePartitionId("pid")], n)
    .sortWithinPartitions("key", "side", "seq", "part")
    .select(...GROUP_COLUMNS)
    .toDF(...GROUP_COLUMNS);
}

const ROWS = GROUP_COLUMNS.filter((name) => name !== "side");
