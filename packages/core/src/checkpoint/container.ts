/**
 * A checkpoint is one value in a key-value store:
 *
 *   "AXC1" | header bytes (u32, little endian) | header (JSON: fingerprint, meta) | payload | SHA-256 of all before
 *
 * It is used only when the checksum holds and the fingerprint is the one that is wanted now.
 */
import { createHash } from "node:crypto";
import type { CallOptions } from "../call-options.ts";
import type { KeyValueStore } from "../keyvalue/types.ts";

const MAGIC = "AXC1";
const CHECKSUM_BYTES = 32;

export interface CheckpointName {
  readonly key: string;
  /** Of all that the content depends on. */
  readonly fingerprint: string;
}

export type LoadedCheckpoint<M> =
  | { readonly state: "valid"; readonly meta: M; readonly payload: Uint8Array }
  | { readonly state: "missing" }
  /** Made from something else: other parameters, input or program version. */
  | { readonly state: "stale" }
  | { readonly state: "damaged"; readonly reason: string };

/** Bytes written. `meta` must survive JSON. */
export async function saveCheckpoint(
  store: KeyValueStore,
  name: CheckpointName,
  meta: unknown,
  payload: Uint8Array,
  options?: CallOptions,
): Promise<number> {
  const header = new TextEncoder().encode(JSON.stringify({ fingerprint: name.fingerprint, meta }));
  const bytes = new Uint8Array(8 + header.length + payload.length + CHECKSUM_BYTES);
  bytes.set(new TextEncoder().encode(MAGIC), 0);
  new DataView(bytes.buffer).setUint32(4, header.length, true);
  bytes.set(header, 8);
  bytes.set(payload, 8 + header.length);
  const end = bytes.length - CHECKSUM_BYTES;
  bytes.set(createHash("sha256").update(bytes.subarray(0, end)).digest(), end);
  await store.put(name.key, bytes, options);
  return bytes.length;
}

/** Reads and checks a checkpoint. Only `valid` ones have a payload, which lies in the memory of the bytes that were read. */
export async function loadCheckpoint<M>(
  store: KeyValueStore,
  name: CheckpointName,
  options?: CallOptions,
): Promise<LoadedCheckpoint<M>> {
  const bytes = await store.get(name.key, options);
  if (bytes === null) return { state: "missing" };
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 8) return { state: "damaged", reason: `${bytes.length} bytes are too few` };
  const checksum = createHash("sha256").update(bytes.subarray(0, end)).digest();
  if (!checksum.equals(bytes.subarray(end))) return { state: "damaged", reason: "its checksum does not hold" };
  const headerEnd = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (new TextDecoder().decode(bytes.subarray(0, 4)) !== MAGIC || headerEnd > end) {
    return { state: "damaged", reason: "it is no checkpoint" };
  }
  const header = headerIn<M>(bytes.subarray(8, headerEnd));
  if (header === null) return { state: "damaged", reason: "its header cannot be read" };
  if (header.fingerprint !== name.fingerprint) return { state: "stale" };
  return { state: "valid", meta: header.meta, payload: bytes.subarray(headerEnd, end) };
}

function headerIn<M>(bytes: Uint8Array): { readonly fingerprint: unknown; readonly meta: M } | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
