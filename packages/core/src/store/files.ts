/** Files and folders: errors with their cause, replacing in one step, the temporary name of a volume until it is published. */
import { createHash, randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { mkdir, opendir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError, isAxonloomError } from "../errors.ts";
import { codeOf, isMissing, reasonOf, writeFailed } from "../fs-errors.ts";

/** A volume lies under its name with this ending until it is published. */
export const PARTIAL = ".partial";

/** The temporary name of a volume: `path.partial`, or `path.owner.partial`. */
export function partialPath(path: string, owner?: string): string {
  return owner === undefined ? path + PARTIAL : `${path}.${owner}${PARTIAL}`;
}
const REPLACED = ".axonloom-replaced";

/**
 * An error while reading, as one of this program: `E_SOURCE_NOT_FOUND`, `E_SOURCE_READ` (the system refuses), otherwise
 * `E_SOURCE_DAMAGED`. Errors of this program, mistakes in it and aborts pass through.
 */
export function readFailure(source: string, path: string, error: unknown, options: CallOptions = {}): unknown {
  if (options.signal?.aborted) return options.signal.reason;
  if (isAxonloomError(error)) return error;
  const code = codeOf(error);
  const ofSystem = code !== null && /^E[A-Z0-9]+$/.test(code);
  if (!ofSystem && (error instanceof TypeError || error instanceof ReferenceError)) return error;
  if (isMissing(error))
    return new AxonloomError("E_SOURCE_NOT_FOUND", `${source}: ${path} does not exist; check the path`, { source, path }, error);
  // a folder where a file should be contradicts the description
  if (ofSystem && code !== "EISDIR") {
    const message = `${source}: cannot read ${path} (${reasonOf(error)}); check the permissions and the disk, then run again`;
    return new AxonloomError("E_SOURCE_READ", message, { source, path }, error);
  }
  return damagedFile(source, path, error);
}

/** `E_SOURCE_DAMAGED` for what a decoder threw. */
export function damagedFile(source: string, path: string, error: unknown): AxonloomError {
  const message = `${source}: cannot read ${path} (${reasonOf(error)}); the file is damaged or of another format: replace it`;
  return new AxonloomError("E_SOURCE_DAMAGED", message, { source, path }, error);
}

/** What {@link readFailure} is for reading: `E_WRITE_FAILED`. */
export function writeFailure(source: string, path: string, error: unknown, options: CallOptions = {}): unknown {
  if (options.signal?.aborted) return options.signal.reason;
  if (isAxonloomError(error)) return error;
  return writeFailed(`${path} of ${source}`, error, { source, path });
}

/** null when there is nothing under the path. */
export async function statOrNull(path: string): Promise<BigIntStats | null> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Throws `E_SOURCE_DAMAGED` unless the file has exactly the size that its description gives. */
export async function checkSize(source: string, path: string, expected: number): Promise<void> {
  const found = Number((await statOrNull(path))?.size ?? 0);
  if (found === expected) return;
  throw new AxonloomError(
    "E_SOURCE_DAMAGED",
    `${source}: expected a file of ${expected} bytes for its shape and dtype, found ${found} bytes; it is cut off, or described wrongly`,
    { source, path, expected, found },
  );
}

/** Writes a file under a temporary name in `temporaryFolder` (same file system), then renames it: never half-written. */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  temporaryFolder: string,
  options: CallOptions = {},
): Promise<void> {
  const temporary = join(temporaryFolder, randomUUID());
  const write = () => writeFile(temporary, bytes, options);
  try {
    await write().catch(async (error) => {
      if (!isMissing(error)) throw error;
      await mkdir(temporaryFolder, { recursive: true });
      await write();
    });
    await rename(temporary, path).catch(async (error) => {
      if (!isMissing(error)) throw error;
      await mkdir(dirname(path), { recursive: true });
      await rename(temporary, path);
    });
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
}

/** Cleans up after an error, which is the one to report. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}

/** How a driver's `create` and `publish` treat a volume that is there already. */
export interface Replacing {
  readonly replace: boolean;
  readonly owner: string | undefined;
  /** Whether what lies there is a volume of this kind: nothing else is ever deleted. */
  readonly isVolume: (path: string) => Promise<boolean>;
}

/** Throws `E_DESTINATION_EXISTS` when the final name (unless it may be replaced) or its temporary one is taken. */
export async function checkDestination(source: string, path: string, replacing: Replacing): Promise<void> {
  await checkFinalName(source, path, replacing);
  const partial = partialPath(path, replacing.owner);
  if ((await statOrNull(partial)) !== null) {
    throw new AxonloomError(
      "E_DESTINATION_EXISTS",
      `${source}: an unfinished volume lies at ${partial}; another process may be writing it, or one was ended: remove it if nobody does`,
      { source, path: partial },
    );
  }
}

/** Throws `E_DESTINATION_EXISTS` when the final name is taken by something that may not be replaced. */
export async function checkFinalName(source: string, path: string, { replace, isVolume }: Replacing): Promise<void> {
  if ((await statOrNull(path)) === null || (replace && (await isVolume(path)))) return;
  const why = replace ? " and is no volume of this kind, so it is not replaced" : "";
  throw new AxonloomError(
    "E_DESTINATION_EXISTS",
    `${source}: ${path} exists already${why}; expected a free name: remove it or choose another one`,
    { source, path },
  );
}

/**
 * Renames `path.partial` to `path`. With `replace` an existing one is moved away first and deleted after. When there is no
 * unfinished volume but a finished one (a crash after the renaming), nothing is left to do.
 */
export async function publishPath(source: string, path: string, replacing: Replacing): Promise<void> {
  const partial = partialPath(path, replacing.owner);
  const replaced = path + REPLACED;
  const [made, existing] = await Promise.all([statOrNull(partial), statOrNull(path)]);
  if (made === null) {
    if (existing !== null) return await rm(replaced, { recursive: true, force: true });
    throw new AxonloomError("E_SOURCE_NOT_FOUND", `${source}: nothing to publish: neither ${partial} nor ${path} exists`, {
      source,
      path,
    });
  }
  await checkFinalName(source, path, replacing);
  try {
    if (existing !== null) {
      await rm(replaced, { recursive: true, force: true });
      await rename(path, replaced);
    }
    await rename(partial, path);
    await rm(replaced, { recursive: true, force: true });
  } catch (error) {
    throw writeFailure(source, path, error);
  }
}

/** Name, size and time of a file, for {@link VolumeStore.identity}. */
export async function fileIdentity(source: string, path: string): Promise<string> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true });
    return createHash("sha256").update(`${source}\n${path}\n${size}\n${mtimeNs}`).digest("hex");
  } catch (error) {
    throw readFailure(source, path, error);
  }
}

const STATS_AT_ONCE = 64;

/** Names, sizes and times of all files of a folder, whatever their order; "" for a folder that does not exist. */
export async function folderIdentity(folder: string, { signal }: CallOptions = {}): Promise<string> {
  const sum = new Uint8Array(32);
  const add = async (name: string) => {
    const found = await statOrNull(join(folder, name));
    if (found === null) return;
    const hash = createHash("sha256").update(`${name}\n${found.size}\n${found.mtimeNs}`).digest();
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! ^ hash[i]!;
  };
  let batch: Promise<void>[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      batch.push(add(entry.name));
      if (batch.length < STATS_AT_ONCE) continue;
      await Promise.all(batch);
      signal?.throwIfAborted();
      batch = [];
    }
    await Promise.all(batch);
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
  return Buffer.from(sum).toString("hex");
}
