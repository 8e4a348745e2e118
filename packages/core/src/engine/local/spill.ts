/** Rows on disk: values one after another in a file, found again by offset and length. Private to one run of one engine. */
import { open, writeFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { AxonloomError } from "../../errors.ts";
import type { KeyedRef, RowRef } from "./task.ts";

/** Writes all rows to one file; the references to them. */
export async function spillRows(
  file: string,
  rows: readonly { readonly key: string; readonly value: unknown }[],
): Promise<KeyedRef[]> {
  const parts = rows.map((row) => serialize(row.value));
  try {
    await writeFile(file, Buffer.concat(parts));
  } catch (error) {
    throw new AxonloomError(
      "E_WRITE_FAILED",
      `cannot write ${file} (${String(error)}); make room, then run again`,
      { file },
      error,
    );
  }
  let offset = 0;
  return rows.map(({ key }, i) => {
    const length = parts[i]!.length;
    const row: RowRef = { kind: "spilled", file, offset, length };
    offset += length;
    return { key, row };
  });
}

export async function loadRow(row: RowRef): Promise<unknown> {
  if (row.kind === "inline") return row.value;
  const handle = await open(row.file, "r");
  try {
    const bytes = Buffer.allocUnsafeSlow(row.length);
    const { bytesRead } = await handle.read(bytes, 0, row.length, row.offset);
    if (bytesRead !== row.length) {
      throw new AxonloomError(
        "E_CHECKPOINT_DAMAGED",
        `${row.file}: expected ${row.length} bytes at ${row.offset}, found ${bytesRead}`,
      );
    }
    return deserialize(bytes);
  } finally {
    await handle.close();
  }
}
