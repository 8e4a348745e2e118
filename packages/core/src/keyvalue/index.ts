/**
 * Small named byte strings behind one interface: a folder today, an object store tomorrow.
 *
 * @example
 * const state = openKeyValue("/data/example.run");
 * await state.put("state.json", new TextEncoder().encode("{}"));
 */
import type { CallOptions } from "../call-options.ts";
import { FileKeyValue } from "./files.ts";
import type { KeyValueStore } from "./types.ts";

export type { KeyValueStore } from "./types.ts";

/** Opens the key-value store at `location`, a folder's absolute path; made when first written. */
export function openKeyValue(location: string): KeyValueStore {
  return new FileKeyValue(location);
}

/** Reads JSON; null when there is no such key. */
export async function getJson<T>(store: KeyValueStore, key: string, options?: CallOptions): Promise<T | null> {
  const bytes = await store.get(key, options);
  return bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as T);
}

export async function putJson(store: KeyValueStore, key: string, value: unknown, options?: CallOptions): Promise<void> {
  await store.put(key, new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`), options);
}

/** Deletes every key with the prefix. */
export async function deletePrefix(store: KeyValueStore, prefix: string, options?: CallOptions): Promise<void> {
  for await (const key of store.list(prefix, options)) await store.delete(key, options);
}
