/** From responses to Arrow batches: puts chunks together, decodes, and proves that no row is missing or double. */
import { type RecordBatch, RecordBatchReader } from "apache-arrow";
import { SparkConnectError } from "../errors.ts";
import type {
  ExecutePlanResponse,
  ExecutePlanResponse_ArrowBatch,
  ExecutePlanResponse_ExecutionProgress,
} from "../gen/spark/connect/connect_pb.ts";

export interface Progress {
  readonly stages: readonly StageProgress[];
  /** Tasks that run at the moment. */
  readonly runningTasks: number;
}

export interface StageProgress {
  readonly id: number;
  readonly tasks: number;
  readonly completedTasks: number;
  readonly inputBytes: number;
  readonly done: boolean;
}

export function progressOf(message: ExecutePlanResponse_ExecutionProgress): Progress {
  const stages = message.stages.map((stage) => ({
    id: Number(stage.stageId),
    tasks: Number(stage.numTasks),
    completedTasks: Number(stage.numCompletedTasks),
    inputBytes: Number(stage.inputBytesRead),
    done: stage.done,
  }));
  return { stages, runningTasks: Number(message.numInflightTasks) };
}

/** The record batches of the responses, in partition order. Other responses go to `onOther`. Batches without rows are left out. */
export async function* batchesOf(
  responses: AsyncIterable<ExecutePlanResponse>,
  onOther: (response: ExecutePlanResponse) => void = () => {},
): AsyncGenerator<RecordBatch, void, undefined> {
  const assembly = new Assembly();
  for await (const response of responses) {
    if (response.responseType.case === "arrowBatch") {
      const batch = assembly.add(response.responseType.value);
      if (batch !== null && batch.numRows > 0) yield batch;
    } else onOther(response);
  }
  assembly.end();
}

class Assembly {
  #chunks: Uint8Array[] = [];
  #rows = 0n;

  add(message: ExecutePlanResponse_ArrowBatch): RecordBatch | null {
    const index = Number(message.chunkIndex ?? 0n);
    const count = Number(message.numChunksInBatch ?? 1n);
    if (index !== this.#chunks.length || index >= count) {
      throw outOfOrder(`piece ${this.#chunks.length} of a batch`, `piece ${index} of ${count}`);
    }
    if (message.startOffset !== undefined && message.startOffset !== this.#rows) {
      throw outOfOrder(`rows from ${this.#rows} on`, `rows from ${message.startOffset} on`);
    }
    this.#chunks.push(message.data);
    if (this.#chunks.length < count) return null;
    const batch = decode(this.#chunks);
    this.#chunks = [];
    if (BigInt(batch.numRows) !== message.rowCount)
      throw outOfOrder(`a batch of ${message.rowCount} rows`, `${batch.numRows} rows`);
    this.#rows += message.rowCount;
    return batch;
  }

  end(): void {
    if (this.#chunks.length > 0) throw outOfOrder(`piece ${this.#chunks.length} of a batch`, "the end of the result");
  }
}

/** Each batch is an IPC stream of its own: schema, one record batch, end. The copy frees the message and aligns the numbers. */
function decode(chunks: readonly Uint8Array[]): RecordBatch {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  let batches: RecordBatch[];
  try {
    batches = [...RecordBatchReader.from(bytes)];
  } catch (cause) {
    throw new SparkConnectError(
      "E_SPARK_PROTOCOL",
      `expected an Arrow stream of ${bytes.length} bytes, found a damaged one`,
      {},
      cause,
    );
  }
  if (batches.length !== 1) throw outOfOrder("one record batch in a message", `${batches.length}`);
  return batches[0]!;
}

function outOfOrder(expected: string, found: string): SparkConnectError {
  return new SparkConnectError("E_SPARK_PROTOCOL", `expected ${expected} in the result, found ${found}`, { expected, found });
}
