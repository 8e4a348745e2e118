/**
 * A folder as a key-value store: one file a key. A value is written under a temporary name and renamed, so that a reader, or a crash
 * at any moment, sees the old or the new bytes. Nothing is flushed to the disk by force: what a power cut damages is found by the
 * checksums of those who store here.
 */
import type { Dirent } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import type { KeyValueStore } from "./types.ts";

const TEMPORARY = ".tmp-";
const KEY = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;

let counter = 0;

export class FileKeyValue implements KeyValueStore {
  readonly location: string;

  constructor(folder: string) {
    this.location = folder;
  }

  async get(key: string, options: CallOptions = {}): Promise<Uint8Array | null> {
    try {
      return await readFile(this.#path(key), options);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
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
      await rm(temporary, { force: true });
      if (options.signal?.aborted) throw error;
      throw new AxonloomError(
        "E_WRITE_FAILED",
        `cannot write ${value.byteLength} bytes to ${path} (${reasonOf(error)}); make room or check the permissions, then run again`,
        { path, bytes: value.byteLength },
        error,
      );
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async *list(prefix: string, options: CallOptions = {}): AsyncIterable<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const key of walk(this.location, join(this.location, folder), options)) {
      if (key.startsWith(prefix)) yield key;
    }
  }

  #path(key: string): string {
    if (!KEY.test(key) || key.split("/").some((part) => part.startsWith("."))) {
      throw new AxonloomError("E_RUN_FOLDER", `"${key}" is no valid key: expected names of A-Z a-z 0-9 _ . - joined by /`, { key });
    }
    return join(this.location, key);
  }
}

async function* walk(root: string, folder: string, options: CallOptions): AsyncIterable<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(root, path, options);
    else if (!entry.name.startsWith(".")) yield relative(root, path).split(sep).join("/");
  }
}

function uniqueSuffix(): string {
  counter += 1;
  return `${process.hrtime.bigint().toString(36)}-${counter}`;
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
