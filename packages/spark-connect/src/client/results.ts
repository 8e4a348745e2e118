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

/** A record batch with the Arrow stream that it was read from. */
export interface ReceivedBatch {
  readonly batch: RecordBatch;
  readonly bytes: Uint8Array;
}

/** The record batches of the responses, in partition order; those without rows are left out. */
export async function* batchesOf(responses: AsyncIterable<ExecutePlanResponse>): AsyncGenerator<ReceivedBatch, void, undefined> {
  const assembly = new Assembly();
  for await (const { responseType } of responses) {
    if (responseType.case !== "arrowBatch") continue;
    const received = assembly.add(responseType.value);
    if (received !== null && received.batch.numRows > 0) yield received;
  }
  assembly.end();
}

class Assembly {
  #chunks: Uint8Array[] = [];
  #rows = 0n;

  add(message: ExecutePlanResponse_ArrowBatch): ReceivedBatch | null {
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
    const bytes = joined(this.#chunks);
    const batch = decodeBatch(bytes);
    this.#chunks = [];
    if (BigInt(batch.numRows) !== message.rowCount)
      throw outOfOrder(`a batch of ${message.rowCount} rows`, `${batch.numRows} rows`);
    this.#rows += message.rowCount;
    return { batch, bytes };
  }

  end(): void {
    if (this.#chunks.length > 0) throw outOfOrder(`piece ${this.#chunks.length} of a batch`, "the end of the result");
  }
}

/** The copy frees the messages and aligns the numbers. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Each batch is an Arrow stream of its own: schema, one record batch, end. */
export function decodeBatch(bytes: Uint8Array): RecordBatch {
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
