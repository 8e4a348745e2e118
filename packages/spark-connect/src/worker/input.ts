/**
 * The data section of a task, cut into items.
 *
 *   207 map      │ stream │ -4
 *   209 group    │ 1 stream 1 stream … 0 │ -4
 *   210 cogroup  │ 2 left right 2 left right … 0 │ -4
 *
 * A stream is Arrow IPC: schema, batches, end marker. Each batch leaves here as a stream of its own: the schema is copied in front of it
 * while it is read, so that it can be decoded alone and without another copy.
 */

import { readMessageHeader } from "./arrow-message.ts";
import type { ByteReader } from "./byte-reader.ts";
import { END_OF_STREAM } from "./protocol.ts";
import type { EvalType } from "./task-header.ts";

export type InputItem =
  /** A group or cogroup begins. */
  | { readonly kind: "group" }
  /** One record batch behind its schema. */
  | { readonly kind: "batch"; readonly bytes: ArrayBuffer }
  /** End of one stream. */
  | { readonly kind: "end" }
  /** End of the input. */
  | { readonly kind: "done" };

const MAX_METADATA_BYTES = 64 * 2 ** 20;
const CONTINUATION = 0xffffffff;

/** Ends with `done` when Spark's END_OF_STREAM has been read. Throws `E_SPARK_PROTOCOL`. */
export async function* readInput(reader: ByteReader, evalType: EvalType): AsyncGenerator<InputItem, void, void> {
  if (evalType === 207) {
    yield* readStream(reader);
  } else {
    const streams = evalType === 209 ? 1 : 2;
    for (;;) {
      const marker = await reader.int32("the group marker");
      if (marker === 0) break;
      if (marker !== streams) throw reader.error(`a group marker of ${streams} or 0`, String(marker));
      yield { kind: "group" };
      for (let i = 0; i < streams; i++) yield* readStream(reader);
    }
  }
  const end = await reader.int32("the end of the stream");
  if (end !== END_OF_STREAM) throw reader.error(`${END_OF_STREAM}, the end of the stream`, String(end));
  yield { kind: "done" };
}

async function* readStream(reader: ByteReader): AsyncGenerator<InputItem, void, void> {
  let schema: Uint8Array | null = null;
  for (;;) {
    const prefix = await reader.bytes(8, "an Arrow message");
    const view = new DataView(prefix.buffer);
    const length = view.getUint32(4, true);
    if (view.getUint32(0) !== CONTINUATION) throw reader.error("an Arrow message (ffffffff)", Buffer.from(prefix).toString("hex"));
    if (length === 0) {
      if (schema === null) throw reader.error("an Arrow schema", "the end of the Arrow stream");
      yield { kind: "end" };
      return;
    }
    if (length % 8 !== 0 || length > MAX_METADATA_BYTES) throw reader.error("the length of Arrow metadata", String(length));
    const metadata = await reader.bytes(length, "Arrow metadata");
    const header = readMessageHeader(metadata);
    const expected = schema === null ? "schema" : "batch";
    if (header?.kind !== expected || (expected === "schema" && header.bodyLength !== 0)) {
      throw reader.error(
        `an Arrow ${expected} message`,
        header === null ? "damaged bytes" : `one of kind ${header.kind}: dictionaries are not part of the protocol`,
      );
    }
    if (schema === null) {
      schema = Buffer.concat([prefix, metadata]);
      continue;
    }
    const bytes = new ArrayBuffer(schema.length + 8 + length + header.bodyLength);
    const target = new Uint8Array(bytes);
    target.set(schema);
    target.set(prefix, schema.length);
    target.set(metadata, schema.length + 8);
    await reader.fill(target.subarray(schema.length + 8 + length), "the body of an Arrow batch");
    yield { kind: "batch", bytes };
  }
}
