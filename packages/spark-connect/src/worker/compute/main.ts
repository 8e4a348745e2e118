/** Entry of the compute thread: runs the tasks that the main thread sends, one after the other. */
import { parentPort } from "node:worker_threads";
import * as arrow from "apache-arrow";
import { SparkConnectError } from "../../errors.ts";
import { SHARED_ARROW } from "../../shared-arrow.ts";
import { type FromCompute, itemBytes, Reports, type ToCompute } from "../channel.ts";
import { errorText } from "../error-text.ts";
import { InputQueue } from "./input-queue.ts";
import type { Output } from "./output.ts";
import { openOutput, runFunction } from "./running-task.ts";

interface Current {
  readonly task: number;
  readonly queue: InputQueue;
  readonly cancel: AbortController;
  output: Output | null;
}

export function runComputeThread(): void {
  process.setSourceMapsEnabled(true); // stacks in the words of the TypeScript source
  (globalThis as Record<symbol, unknown>)[Symbol.for(SHARED_ARROW)] = arrow;
  const port = parentPort!;
  const post = (message: FromCompute, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let current: Current | null = null;

  port.on("message", (message: ToCompute) => {
    if (message.kind === "task") return void run(message);
    if (current === null || message.task !== current.task) return;
    if (message.kind === "input") current.queue.push(message.item);
    else if (message.kind === "written") current.output?.written(message.bytes);
    else current.cancel.abort(new SparkConnectError("E_SPARK_CANCELLED", message.reason));
  });

  async function run({ task, description }: Extract<ToCompute, { kind: "task" }>): Promise<void> {
    const cancel = new AbortController();
    const { signal } = cancel;
    const consumed = new Reports((bytes) => post({ kind: "consumed", task, bytes }));
    const queue = new InputQueue((item) => consumed.add(itemBytes(item)), signal);
    const mine: Current = { task, queue, cancel, output: null };
    current = mine;
    try {
      const send = (bytes: Uint8Array) => post({ kind: "output", task, bytes }, [bytes.buffer as ArrayBuffer]);
      mine.output = openOutput(description, send, signal);
      await runFunction(description, queue, mine.output, signal);
      post({ kind: "done", task });
    } catch (error) {
      post({ kind: "failed", task, text: errorText(error) });
    } finally {
      current = null;
    }
  }
}
