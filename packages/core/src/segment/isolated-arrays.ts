/** Arrays on their way to and from the process of an isolated step: files in a folder of their own, on a memory disk when it has room. */
import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { allocate, bytesOf, type Dtype, dtypeOf, type VoxelArray } from "../volume/block.ts";
import type { StepArguments } from "./run-step.ts";
import type { Predictions } from "./types.ts";

const MEMORY_DISK = "/dev/shm";
/** One call of read or write takes less than 2 GiB. */
const PIECE = 1 << 30;

/** An array in a file; `shape` is there when it is the data of predictions. */
export interface StoredArray {
  readonly file: string;
  readonly dtype: Dtype;
  readonly length: number;
  readonly shape: Predictions["shape"] | null;
}

/** A step's arguments with the arrays in files. */
export interface StoredArguments {
  readonly context: Omit<StepArguments, "logger" | "signal" | "inside" | "gray" | "mask" | "predictions" | "supervoxels">;
  readonly arrays: Readonly<Record<string, StoredArray | null>>;
}

/**
 * Where the arrays of a step may travel, best first: the memory disk when it has room for `bytes` now, and the temporary folder. The
 * room is not reserved, so others may take it meanwhile; then the next one is to be tried.
 */
export async function transferBases(bytes: number): Promise<string[]> {
  const bases = [tmpdir()];
  try {
    const { bavail, bsize } = await statfs(MEMORY_DISK);
    if (bavail * bsize > bytes) bases.unshift(MEMORY_DISK);
  } catch {
    // no memory disk on this system
  }
  return bases;
}

/** Runs `work` with a new folder in `base`, which goes afterwards. */
export async function withTransferFolder<T>(base: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(base, `axonloom-step-${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes of the arrays among a step's arguments. */
export function argumentBytes(input: StepArguments): number {
  const { inside, gray, mask, predictions, supervoxels } = input;
  return [inside, gray, mask, predictions?.data, supervoxels].reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
}

/** Arrays of a step's arguments go to files of the folder, the rest stays as it is. */
export async function storeArguments(input: StepArguments, folder: string, options: CallOptions = {}): Promise<StoredArguments> {
  const { subvolume, bordered, core, shape, voxelSizeNm, volume, inside, gray, mask, predictions, supervoxels } = input;
  const arrays: Record<string, StoredArray | null> = {};
  for (const [name, value] of Object.entries({ inside, gray, mask, predictions, supervoxels })) {
    if (value !== undefined) arrays[name] = await storeValue(value, join(folder, name), options);
  }
  return { context: { subvolume, bordered, core, shape, voxelSizeNm, ...(volume !== undefined && { volume }) }, arrays };
}

export async function storeValue(
  value: VoxelArray | Predictions | null,
  file: string,
  { signal }: CallOptions = {},
): Promise<StoredArray | null> {
  if (value === null) return null;
  const data = isPredictions(value) ? value.data : value;
  const bytes = bytesOf(data);
  const handle = await open(file, "wx");
  try {
    for (let at = 0; at < bytes.length; ) {
      signal?.throwIfAborted();
      at += (await handle.write(bytes, at, Math.min(PIECE, bytes.length - at))).bytesWritten;
    }
  } finally {
    await handle.close();
  }
  return { file, dtype: dtypeOf(data), length: data.length, shape: isPredictions(value) ? value.shape : null };
}

/** Reads an array and removes its file, so that it is not held twice. */
export async function takeValue(
  stored: StoredArray | null,
  { signal }: CallOptions = {},
): Promise<VoxelArray | Predictions | null> {
  if (stored === null) return null;
  const data = allocate(stored.dtype, stored.length);
  const bytes = bytesOf(data);
  const handle = await open(stored.file, "r");
  try {
    for (let at = 0; at < bytes.length; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(bytes, at, Math.min(PIECE, bytes.length - at));
      if (bytesRead === 0) throw new Error(`${stored.file} has ${at} bytes, expected ${bytes.length}`);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  await rm(stored.file);
  return stored.shape === null ? data : ({ data, shape: stored.shape } as Predictions);
}

function isPredictions(value: unknown): value is Predictions {
  return typeof value === "object" && value !== null && "data" in value;
}
