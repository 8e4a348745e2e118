/** Rows on disk: values one after another in a file, found again by offset and length. Private to one run of one engine. */
import { appendFile, open, writeFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { AxonloomError } from "../../errors.ts";
import { reasonOf, writeFailed } from "../../fs-errors.ts";
import type { KeyedRef, RowRef, SpilledRow } from "./task.ts";

/** Writes all rows to one file; the references to them. `label`: of the stage, for messages. */
export async function spillRows(
  file: string,
  rows: readonly { readonly key: string; readonly value: unknown }[],
  label: string,
): Promise<KeyedRef[]> {
  const parts = rows.map(({ key, value }) => plainBytes(value, label, key));
  if (parts.length > 0) await writing(file, () => writeFile(file, Buffer.concat(parts)));
  let offset = 0;
  return rows.map(({ key }, i) => {
    const length = parts[i]!.length;
    const row: RowRef = { kind: "spilled", file, offset, length };
    offset += length;
    return { key, row };
  });
}

/** Writes row after row to one file, made with the first. */
export class SpillWriter {
  readonly #newFile: () => string;
  #file: string | null = null;
  #offset = 0;

  constructor(newFile: () => string) {
    this.#newFile = newFile;
  }

  async append(value: unknown, label: string, key: string): Promise<SpilledRow> {
    const bytes = plainBytes(value, label, key);
    this.#file ??= this.#newFile();
    const file = this.#file;
    await writing(file, () => appendFile(file, bytes));
    const offset = this.#offset;
    this.#offset += bytes.length;
    return { kind: "spilled", file, offset, length: bytes.length };
  }
}

/** Throws `E_CHECKPOINT_DAMAGED` when the row is no longer there (its dataset was freed) or cut off. */
export async function loadRow(row: RowRef): Promise<unknown> {
  if (row.kind === "inline") return row.value;
  return deserialize(row.kind === "bytes" ? row.bytes : await readSpilled(row));
}

async function readSpilled({ file, offset, length }: SpilledRow): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let found = 0;
  let cause: unknown;
  try {
    const handle = await open(file, "r");
    try {
      found = (await handle.read(bytes, 0, length, offset)).bytesRead;
    } finally {
      await handle.close();
    }
  } catch (error) {
    cause = error;
  }
  if (cause === undefined && found === length) return bytes;
  throw new AxonloomError(
    "E_CHECKPOINT_DAMAGED",
    `${file}: expected ${length} bytes at ${offset}, found ${cause === undefined ? found : reasonOf(cause)}; ` +
      "rows were freed, or the folder was changed during the run: run again",
    { file },
    cause,
  );
}

/** Throws `E_TASK_DATA` for what is no plain data. */
export function plainBytes(value: unknown, label: string, key: string): Buffer {
  try {
    return serialize(value);
  } catch (error) {
    throw notPlain(label, key, error);
  }
}

/** Something of a task cannot be sent: the same whenever it is tried. */
export function notPlain(label: string, key: string, error: unknown): AxonloomError {
  return new AxonloomError(
    "E_TASK_DATA",
    `${label || "task"} ${key}: expected plain data in its row, parameters and result (numbers, texts, lists, objects, typed arrays), found: ${reasonOf(error)}`,
    { label, key },
    error,
  );
}

async function writing(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw writeFailed(file, error);
  }
}
