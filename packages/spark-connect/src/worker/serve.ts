/** Tasks of one connection, one after the other. */
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isSparkConnectError } from "../errors.ts";
import { Answer } from "./answer.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ComputeThread } from "./compute-thread.ts";
import { errorText } from "./error-text.ts";
import { END_OF_DATA_SECTION } from "./protocol.ts";
import { FunctionFailed, runTask } from "./task.ts";

/** After an exception Spark closes; until then its last bytes are read, because closing first would throw away our answer. */
const LINGER_MS = 2000;

/** Exit code of the process; null: the connection was lost in the middle of a task. */
export async function serveTasks(socket: Duplex, reader: ByteReader, compute: ComputeThread): Promise<number | null> {
  for (;;) {
    if (await reader.atEnd()) return 0;
    const answer = new Answer(socket);
    try {
      const index = await reader.int32("a partition index");
      if (index === END_OF_DATA_SECTION) return 0;
      if (!(await runTask(index, reader, answer, compute))) return 0;
    } catch (error) {
      if (reader.ended) return null;
      process.exitCode = 1; // also when the connection ends first
      if (isSparkConnectError(error)) report(error);
      const text = error instanceof FunctionFailed ? error.message : errorText(error);
      await Promise.race([answer.exception(text).then(() => reader.discardRest()), sleep(LINGER_MS)]);
      return 1;
    }
  }
}

// The log's reader may be gone before this process: a broken pipe must not end it before the function has tidied up.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

/** To the executor's log. */
export function report(error: unknown): void {
  process.stderr.write(`spark-connect worker: ${errorText(error)}\n`);
}
