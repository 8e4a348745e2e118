/**
 * A folder as a key-value store: one file a key. A value is written under a temporary name and renamed, so that a reader, or a crash
 * at any moment, sees the old or the new bytes. Nothing is flushed to the disk by force: what a power cut damages is found by the
 * checksums of those who store here.
 */
import type { Dirent } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { isMissing, reasonOf, writeFailed } from "../fs-errors.ts";
import type { KeyValueStore } from "./types.ts";

const TEMPORARY = ".tmp-";
const KEY = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;

let counter = 0;

/** Keys are paths below a folder; values are replaced in one step. */
export class FileKeyValue implements KeyValueStore {
  readonly location: string;

  constructor(folder: string) {
    this.location = folder;
  }

  async get(key: string, options: CallOptions = {}): Promise<Uint8Array | null> {
    const path = this.#path(key);
    try {
      return await readFile(path, options);
    } catch (error) {
      if (isMissing(error)) return null;
      if (options.signal?.aborted) throw error;
      throw unreadable(path, error);
    }
  }

  async put(key: string, value: Uint8Array, options: CallOptions = {}): Promise<void> {
    const path = this.#path(key);
    const temporary = join(dirname(path), `${TEMPORARY}${process.pid}-${uniqueSuffix()}`);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, value, options);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      if (options.signal?.aborted) throw error;
      throw writeFailed(`${value.byteLength} bytes to ${path}`, error, { path, bytes: value.byteLength });
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw writeFailed(path, error);
    }
  }

  async *list(prefix: string, options: CallOptions = {}): AsyncIterable<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const path of walk(join(this.location, folder), options)) {
      const key = relative(this.location, path).split(sep).join("/");
      if (key.startsWith(prefix) && !basename(path).startsWith(".")) yield key;
    }
  }

  #path(key: string): string {
    if (!KEY.test(key) || key.split("/").some((part) => part.startsWith("."))) {
      throw new AxonloomError("E_RUN_FOLDER", `"${key}" is no valid key: expected names of A-Z a-z 0-9 _ . - joined by /`, { key });
    }
    return join(this.location, key);
  }
}

/**
 * Deletes what writes that were interrupted left in the store; how many. Only for who alone writes there: it would take the temporary file
 * of a write that is going on.
 */
export async function sweepTemporary(store: KeyValueStore, options: CallOptions = {}): Promise<number> {
  let swept = 0;
  for await (const path of walk(store.location, options)) {
    if (!basename(path).startsWith(TEMPORARY)) continue;
    await rm(path, { force: true });
    swept += 1;
  }
  return swept;
}

/** Paths of all files, in the code-unit order of their keys: a folder counts as its name and "/", as in the keys below it. */
async function* walk(folder: string, options: CallOptions): AsyncIterable<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw unreadable(folder, error);
  }
  const sortable = entries.map((entry) => ({ entry, text: entry.isDirectory() ? `${entry.name}/` : entry.name }));
  sortable.sort((a, b) => (a.text < b.text ? -1 : 1));
  for (const { entry } of sortable) {
    options.signal?.throwIfAborted();
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path, options);
    else yield path;
  }
}

function unreadable(path: string, error: unknown): AxonloomError {
  return new AxonloomError(
    "E_RUN_FOLDER",
    `cannot read ${path} (${reasonOf(error)}); check the permissions and the disk, then run again`,
    { path },
    error,
  );
}

function uniqueSuffix(): string {
  counter += 1;
  return `${process.hrtime.bigint().toString(36)}-${counter}`;
}
