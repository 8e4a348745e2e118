/** Rows that Spark keeps between the stages. */
import { type DataFrame, STORAGE_LEVEL } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import type { SparkHost } from "./host.ts";
import type { Placed } from "./place.ts";
import { readRows } from "./results.ts";
import { rowColumns } from "./rows.ts";

/** Kept rows, and their keys in order. */
export interface Kept {
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

/** Bytes lie in memory as they are, and go to disk when there is no room: measured in docs/performance.md. */
const LEVEL = STORAGE_LEVEL.memoryAndDisk;

/** Computes the rows, keeps them in Spark, and learns their keys. @param places the keys, when the rows lie in their places */
export async function keep(
  host: SparkHost,
  frame: DataFrame,
  partitions: number,
  places: readonly string[] | null,
  options: CallOptions,
): Promise<Kept> {
  await frame.persist(LEVEL, options);
  const keys: string[] = [];
  try {
    // Reading the keys computes every partition, and says what the tasks say.
    for await (const { key } of readRows(frame.select("key", "note", "parts", "part"), host, options)) {
      if (places === null) keys.push(key);
    }
  } catch (error) {
    await host.free([frame]);
    throw error;
  }
  const rows = frame.filter("note is null");
  const placed = places === null ? null : { frame: rows, keys: places, partitions };
  const own = placed === null ? rows : rowColumns(rows);
  return { frame: own, partitions, placed, persisted: frame, keys: places ?? keys, freed: false };
}
