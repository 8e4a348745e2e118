/** Small named byte strings: run state, evidence, checkpoints. A folder today, an object store tomorrow. */
import type { CallOptions } from "../call-options.ts";

export interface KeyValueStore {
  /** Opened again from another thread or process by `openKeyValue(location)`. */
  readonly location: string;
  /** null when there is none; `E_RUN_FOLDER` when it cannot be read. */
  get(key: string, options?: CallOptions): Promise<Uint8Array | null>;
  /** Replaces in one step: a reader sees the old or the new bytes, never a part. */
  put(key: string, value: Uint8Array, options?: CallOptions): Promise<void>;
  delete(key: string, options?: CallOptions): Promise<void>;
  /** Keys with the prefix (a folder-like `a/b/`), in code-unit order of the whole key. */
  list(prefix: string, options?: CallOptions): AsyncIterable<string>;
}
