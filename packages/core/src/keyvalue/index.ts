/**
 * Small named byte strings behind one interface: a folder today, an object store tomorrow.
 *
 * @example
 * const state = openKeyValue("/data/example.run");
 * await state.put("state.json", new TextEncoder().encode("{}"));
 */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { reasonOf } from "../fs-errors.ts";
import { FileKeyValue } from "./files.ts";
import type { KeyValueStore } from "./types.ts";

export { sweepTemporary } from "./files.ts";
export type { KeyValueStore } from "./types.ts";

/** Opens the key-value store at `location`, a folder's absolute path; made when first written. */
export function openKeyValue(location: string): KeyValueStore {
  return new FileKeyValue(location);
}

/** Reads JSON; null when there is no such key. `E_RUN_FOLDER`, with a SyntaxError as its cause, when it is damaged. */
export async function getJson<T>(store: KeyValueStore, key: string, options?: CallOptions): Promise<T | null> {
  const bytes = await store.get(key, options);
  if (bytes === null) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch (error) {
    throw new AxonloomError(
      "E_RUN_FOLDER",
      `${store.location}/${key}: expected JSON, found ${bytes.length} bytes that are none (${reasonOf(error)}): ` +
        "it was cut off or changed; delete it, then run again",
      { location: store.location, key },
      error,
    );
  }
}

/** Writes plain data as indented JSON, in one step. `E_WRITE_FAILED` as {@link KeyValueStore.put}. */
export async function putJson(store: KeyValueStore, key: string, value: unknown, options?: CallOptions): Promise<void> {
  await store.put(key, new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`), options);
}

/** Deletes every key with the prefix. */
export async function deletePrefix(store: KeyValueStore, prefix: string, options?: CallOptions): Promise<void> {
  for await (const key of store.list(prefix, options)) await store.delete(key, options);
}
