/** A result that waits in a temporary file until it is whole. */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { decodeBatch, type ReceivedBatch } from "./results.ts";

/** Reads `received` to its end, then gives the batches again, one in memory at a time. */
export async function* spooled(received: AsyncIterable<ReceivedBatch>): AsyncGenerator<RecordBatch, void, undefined> {
  const folder = await mkdtemp(join(tmpdir(), "spark-connect-"));
  let file: FileHandle | undefined;
  try {
    file = await open(join(folder, "result"), "w+", 0o600);
    const lengths: number[] = [];
    for await (const { bytes } of received) {
      await file.writeFile(bytes); // behind what was written before
      lengths.push(bytes.length);
    }
    let at = 0;
    for (const length of lengths) {
      const bytes = new Uint8Array(length);
      for (let got = 0; got < length; ) {
        const { bytesRead } = await file.read(bytes, got, length - got, at + got);
        if (bytesRead === 0) throw new Error(`the temporary file in ${folder} was shortened`);
        got += bytesRead;
      }
      at += length;
      yield decodeBatch(bytes);
    }
  } finally {
    await file?.close();
    await rm(folder, { recursive: true, force: true });
  }
}
