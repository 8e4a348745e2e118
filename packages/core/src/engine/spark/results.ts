/** Reads the rows of a frame as Spark sends them: values to the caller, notes to the engine's listener, an error to whom it concerns. */
import { deserialize } from "node:v8";
import { type DataFrame, rowsOf } from "@axonloom/spark-connect";
import type { CallOptions } from "../../call-options.ts";
import { fromPlainError } from "../../errors.ts";
import type { Keyed } from "../types.ts";
import type { SparkHost } from "./host.ts";
import type { Note } from "./task.ts";
import { decodeKey, Pieces, type WireRow } from "./wire.ts";

/** A row, and its bytes as Spark has sent them. */
export interface ReadRow extends Keyed<unknown> {
  readonly bytes: number;
}

/** Rows in order; one batch in memory at a time. A frame without values gives undefined for them. */
export async function* readRows(frame: DataFrame, host: SparkHost, { signal }: CallOptions): AsyncGenerator<ReadRow> {
  const pieces = new Pieces();
  for await (const batch of frame.batches(signal === undefined ? {} : { signal })) {
    for (const row of rowsOf(batch) as Iterable<unknown> as Iterable<WireRow>) {
      const key = decodeKey(row.key);
      if (row.note !== null) tell(deserialize(row.note) as Note, key, host);
      else if (row.value === undefined) {
        if (row.part === 0) yield { key, value: undefined, bytes: 0 };
      } else {
        const whole = pieces.add(row.value!, row.part, row.parts);
        if (whole !== null) yield { key, value: deserialize(whole), bytes: whole.length };
      }
      signal?.throwIfAborted();
    }
  }
}

function tell(note: Note, key: string, host: SparkHost): void {
  if (note.type === "error") throw fromPlainError(note.error);
  host.hear(note, key);
}
