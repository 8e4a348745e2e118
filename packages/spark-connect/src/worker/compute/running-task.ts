/** A task in the compute thread: its function, input, output and signal. */
import type { RecordBatch } from "apache-arrow";
import { EVAL_TYPE } from "../../function.ts";
import { parseSchema } from "../../schema.ts";
import type { ComputeTask } from "../channel.ts";
import type { TaskContext } from "../types.ts";
import { BatchStream } from "./batch-stream.ts";
import { selectColumns, unwrapStruct, valuesAt } from "./decode.ts";
import type { InputQueue } from "./input-queue.ts";
import { type AnyFunction, loadFunction } from "./load-function.ts";
import { Output } from "./output.ts";
import { OutputSchema } from "./output-schema.ts";

/** The schema leaves first, before any input is touched: Spark holds the input back until it hears something. */
export function openOutput(task: ComputeTask, send: (message: Uint8Array) => void, signal: AbortSignal): Output {
  return new Output(new OutputSchema(parseSchema(task.command.output), task.largeTypes), task.schemaSent, send, signal);
}

export async function runFunction(task: ComputeTask, queue: InputQueue, output: Output, signal: AbortSignal): Promise<void> {
  const { evalType, command, argumentOffsets, largeTypes: _, schemaSent: __, ...rest } = task;
  const context: TaskContext = { ...rest, signal };
  const run: Run = {
    call: await loadFunction(command, task.filesFolder),
    last: [command.parameters, context],
    offsets: argumentOffsets,
    queue,
    output,
  };
  if (evalType === EVAL_TYPE.map) await runMap(run);
  else if (evalType === EVAL_TYPE.group) await runGroups(run);
  else await runCoGroups(run);
  await output.flush();
}

interface Run {
  readonly call: AnyFunction;
  readonly last: readonly [parameters: unknown, context: TaskContext];
  readonly offsets: readonly number[];
  readonly queue: InputQueue;
  readonly output: Output;
}

async function runMap({ call, last, queue, output }: Run): Promise<void> {
  await output.take(call(new BatchStream(queue, unwrapStruct), ...last));
}

async function runGroups({ call, last, offsets, queue, output }: Run): Promise<void> {
  const columns = columnsOf(offsets, 0);
  while ((await queue.next()).kind === "group") {
    const group = new BatchStream(queue, (batch) => selectColumns(unwrapStruct(batch), columns.values));
    const first = await group.peek();
    if (first !== null) await output.take(call(valuesAt(unwrapStruct(first), 0, columns.keys), group, ...last));
    await group.drop();
  }
}

async function runCoGroups({ call, last, offsets, queue, output }: Run): Promise<void> {
  const leftColumns = columnsOf(offsets, 0);
  const rightColumns = columnsOf(offsets, leftColumns.next);
  const select = (columns: Columns) => (batch: RecordBatch) => selectColumns(batch, columns.values);
  while ((await queue.next()).kind === "group") {
    const left = new BatchStream(queue, select(leftColumns));
    const right = new BatchStream(queue, select(rightColumns), left);
    const first = await left.peek();
    const other = first ?? (await right.peek());
    if (other !== null) {
      const key = valuesAt(other, 0, (first === null ? rightColumns : leftColumns).keys);
      await output.take(call(key, left, right, ...last));
    }
    await left.drop();
    await right.drop();
  }
}

interface Columns {
  readonly keys: readonly number[];
  readonly values: readonly number[];
  readonly next: number;
}

/** `[L, nKeys, keys …, values …]`, checked by the main thread. */
function columnsOf(offsets: readonly number[], at: number): Columns {
  const next = at + 1 + offsets[at]!;
  const firstValue = at + 2 + offsets[at + 1]!;
  return { keys: offsets.slice(at + 2, firstValue), values: offsets.slice(firstValue, next), next };
}
