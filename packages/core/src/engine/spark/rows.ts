/** Frames of rows: from the driver's own rows, and one after another. */
import { type DataFrame, directShufflePartitionId, type SparkSession } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { plainBytes } from "../local/spill.ts";
import type { Keyed } from "../types.ts";
import { encodeIndex, encodeKey, PIECE_BYTES, PLACED_COLUMNS, ROW_COLUMNS, ROW_SCHEMA, valueRows, type WireRow } from "./wire.ts";

/** Rows are sent in local relations of about so many bytes: Spark takes at most 2 GB in one, and each is in memory here while it is sent. */
const CHUNK_BYTES = 64 * 2 ** 20;

export interface LocalOptions extends CallOptions {
  /** For messages. */
  readonly label: string;
  readonly chunkBytes?: number;
  readonly pieceBytes?: number;
}

/** One partition a row, in the order given (the session's `leafNodeDefaultParallelism` is that high). null for no row. */
export async function localRows(
  session: SparkSession,
  rows: readonly Keyed<unknown>[],
  options: LocalOptions,
): Promise<DataFrame | null> {
  const { frame, cut } = await send(session, rows, null, options);
  if (frame !== null || cut === 0) return frame;
  // The pieces of a value would lie in partitions of their own.
  const { frame: placed } = await send(session, rows, (i) => i, options);
  return rowColumns(
    placed!
      .select("cast(place as int) as pid", ...ROW_COLUMNS)
      .repartitionBy([directShufflePartitionId("pid")], rows.length)
      .sortWithinPartitions("seq", "part"),
  );
}

/** Rows in the partitions that `placeOf` gives by their index, sorted there by key and place; columns as in {@link PLACED_COLUMNS}. */
export async function placedLocalRows(
  session: SparkSession,
  rows: readonly Keyed<unknown>[],
  placeOf: (index: number) => number,
  partitions: number,
  { tasks, ...options }: LocalOptions & { readonly tasks: number },
): Promise<DataFrame> {
  const { frame } = await send(session, rows, placeOf, options);
  // A few tasks send all rows to their places. The cast keeps Spark from leaving `coalesce` out.
  return frame!
    .coalesce(tasks)
    .select("cast(place as int) as pid", ...ROW_COLUMNS)
    .repartitionBy([directShufflePartitionId("pid")], partitions)
    .sortWithinPartitions("pid", "key", "seq", "part")
    .toDF(...PLACED_COLUMNS);
}

/** Without `placeOf`: no frame when a value had to be cut. `cut`: how many were. */
async function send(
  session: SparkSession,
  rows: readonly Keyed<unknown>[],
  placeOf: ((index: number) => number) | null,
  { label, signal, chunkBytes = CHUNK_BYTES, pieceBytes = PIECE_BYTES }: LocalOptions,
): Promise<{ readonly frame: DataFrame | null; readonly cut: number }> {
  const frames: DataFrame[] = [];
  let chunk: (WireRow & { readonly place?: bigint })[] = [];
  let bytes = 0;
  let cut = 0;
  const sendChunk = async () => {
    if (chunk.length === 0) return;
    const frame = session.fromRows(chunk, placeOf === null ? ROW_SCHEMA : `${ROW_SCHEMA}, place long`);
    chunk = [];
    bytes = 0;
    await frame.relation(signal === undefined ? {} : { signal });
    frames.push(frame);
  };
  for (const [i, { key, value }] of rows.entries()) {
    const pieces = [...valueRows(encodeIndex(i), encodeKey(key), plainBytes(value, label, key), pieceBytes)];
    if (pieces.length > 1) {
      cut += 1;
      if (placeOf === null) return { frame: null, cut };
    }
    for (const piece of pieces) {
      chunk.push(placeOf === null ? piece : { ...piece, place: BigInt(placeOf(i)) });
      bytes += piece.value!.length;
      if (bytes >= chunkBytes) await sendChunk();
    }
  }
  await sendChunk();
  return { frame: concatOf(frames), cut };
}

/** The columns of rows alone, by name. */
export function rowColumns(frame: DataFrame): DataFrame {
  return frame.select(...ROW_COLUMNS).toDF(...ROW_COLUMNS);
}

/** The rows of all frames, and their partitions, one after another; `seq` gets the frame's place in front. null for none. */
export function unionOf(frames: readonly DataFrame[]): DataFrame | null {
  if (frames.length <= 1) return frames[0] ?? null;
  const [, ...others] = ROW_COLUMNS;
  return concatOf(
    frames.map((frame, i) => {
      const prefix = Buffer.from(encodeIndex(i)).toString("hex");
      return frame.select(`concat(X'${prefix}', seq) as seq`, ...others).toDF(...ROW_COLUMNS);
    }),
  );
}

/** The partitions of all frames, one after another. A balanced tree: a chain of thousands would be too deep for the messages that carry it. */
export function concatOf(frames: readonly DataFrame[]): DataFrame | null {
  let level = frames;
  while (level.length > 1) {
    const next: DataFrame[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]];
      next.push(right === undefined ? left : left.union(right));
    }
    level = next;
  }
  return level[0] ?? null;
}
