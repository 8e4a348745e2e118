/** Frames of rows: from the driver's own rows, and one after another. */
import type { DataFrame, SparkSession } from "@axonloom/spark-connect";
import { plainBytes } from "../local/spill.ts";
import type { Keyed } from "../types.ts";
import { encodeIndex, encodeKey, ROW_COLUMNS, ROW_SCHEMA } from "./wire.ts";

/** One partition a row, in the order given (the session's `leafNodeDefaultParallelism` is that high). Values are not cut in pieces. */
export function localRows(session: SparkSession, rows: readonly Keyed<unknown>[], label: string): DataFrame {
  const wire = rows.map(({ key, value }, i) => {
    return { seq: encodeIndex(i), key: encodeKey(key), part: 0, parts: 1, value: plainBytes(value, label, key), note: null };
  });
  return session.fromRows(wire, ROW_SCHEMA);
}

/** The rows of all frames, and their partitions, one after another; `seq` gets the frame's place in front. null for none. */
export function unionOf(frames: readonly DataFrame[]): DataFrame | null {
  if (frames.length <= 1) return frames[0] ?? null;
  let level = frames.map((frame, i) => {
    const prefix = Buffer.from(encodeIndex(i)).toString("hex");
    const [, ...others] = ROW_COLUMNS;
    return frame.select(`concat(X'${prefix}', seq) as seq`, ...others).toDF(...ROW_COLUMNS);
  });
  // A balanced tree: a chain of thousands would be too deep for the messages that carry it.
  while (level.length > 1) {
    const next: DataFrame[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]];
      next.push(right === undefined ? left : left.union(right).toDF(...ROW_COLUMNS));
    }
    level = next;
  }
  return level[0]!;
}
