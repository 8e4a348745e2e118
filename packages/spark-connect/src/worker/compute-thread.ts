/**
 * Main-thread side of the compute thread. The user's function may compute for minutes without a pause; here the event loop stays free to see
 * the socket close.
 */
import { Worker } from "node:worker_threads";
import type { ComputeTask, FromCompute, ToCompute } from "./channel.ts";
import { errorText } from "./error-text.ts";
import type { InputItem } from "./input.ts";

export interface ComputeEvents {
  consumed(bytes: number): void;
  output(bytes: Uint8Array): void;
  done(): void;
  failed(text: string): void;
}

export class ComputeThread {
  /** Schema messages that the thread has made, by what they were made from. */
  readonly schemas = new Map<string, Uint8Array>();
  readonly #worker: Worker;
  #task = 0;
  #events: ComputeEvents | null = null;
  #dead: string | null = null;

  /** @param file the worker's own bundle. The thread starts at once, so that it is warm when the first task comes. */
  constructor(file: string) {
    const heapMb = Number(process.env["PYSPARK_EXECUTOR_MEMORY_MB"]);
    this.#worker = new Worker(file, {
      // An address-space limit, as Python sets it, would kill V8: the JavaScript heap is what can be bounded.
      resourceLimits: heapMb > 0 ? { maxOldGenerationSizeMb: heapMb } : {},
    });
    this.#worker.on("message", (message: FromCompute) => this.#receive(message));
    this.#worker.on("error", (error) => this.#die(errorText(error)));
    this.#worker.on("exit", (code) => this.#die(`the function ended its thread with exit code ${code} (process.exit)`));
    this.#worker.unref();
  }

  /** A function is running. */
  get busy(): boolean {
    return this.#events !== null;
  }

  /** One task at a time. */
  start(description: ComputeTask, events: ComputeEvents): void {
    this.#task += 1;
    this.#events = events;
    this.#worker.ref();
    if (this.#dead !== null) this.#finish()?.failed(this.#dead);
    else this.#post({ kind: "task", task: this.#task, description });
  }

  input(item: InputItem): void {
    this.#post({ kind: "input", task: this.#task, item }, item.kind === "batch" ? [item.bytes] : []);
  }

  written(bytes: number): void {
    this.#post({ kind: "written", task: this.#task, bytes });
  }

  /** Fires the function's signal. */
  cancel(reason: string): void {
    this.#post({ kind: "cancel", task: this.#task, reason });
  }

  #post(message: ToCompute, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromCompute): void {
    if (message.task !== this.#task) return;
    if (message.kind === "consumed") this.#events?.consumed(message.bytes);
    else if (message.kind === "output") this.#events?.output(message.bytes);
    else if (message.kind === "done") this.#finish()?.done();
    else this.#finish()?.failed(message.text);
  }

  #die(text: string): void {
    this.#dead ??= text;
    this.#finish()?.failed(this.#dead);
  }

  #finish(): ComputeEvents | null {
    const events = this.#events;
    this.#events = null;
    this.#worker.unref();
    return events;
  }
}
