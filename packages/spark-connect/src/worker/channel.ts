/**
 * Messages between the main thread, which holds the socket, and the compute thread, which runs the user's function.
 *
 *   main                                   compute
 *    │ ── task ──────────────────────────────▶ │
 *    │ ── input (batch, group, end, done) ───▶ │   at most WINDOW_BYTES + one batch not yet consumed
 *    │ ◀───────────────────────── consumed ─── │
 *    │ ◀─────────────────── output (Arrow) ─── │   at most WINDOW_BYTES + one batch not yet written to the socket
 *    │ ── written ───────────────────────────▶ │
 *    │ ◀───────────────────── done, failed ─── │
 */
import type { FunctionCommand } from "../function.ts";
import type { InputItem } from "./input.ts";
import type { EvalType, TaskHeader } from "./task-header.ts";

/** Read ahead, so that Spark makes the next batch while the function works on this one. */
export const WINDOW_BYTES = 8 * 2 ** 20;

/** Bytes are reported as consumed or written in pieces of so many: each report wakes the other thread. Less than the window. */
const REPORT_BYTES = WINDOW_BYTES / 8;

/** What an item counts beside its batch, so that items without bytes are bounded too. */
const ITEM_BYTES = 4096;

export interface ComputeTask extends Omit<TaskHeader, "command" | "evalType" | "runnerConf"> {
  readonly evalType: EvalType;
  readonly command: FunctionCommand;
  /** Text and binary with 64-bit offsets (`spark.sql.execution.arrow.useLargeVarTypes`). */
  readonly largeTypes: boolean;
  /** The schema message has gone out already. */
  readonly schemaSent: boolean;
}

/** `task` numbers the tasks of one process: what comes late for an earlier one is dropped. */
export type ToCompute =
  | { readonly kind: "task"; readonly task: number; readonly description: ComputeTask }
  | { readonly kind: "input"; readonly task: number; readonly item: InputItem }
  | { readonly kind: "written"; readonly task: number; readonly bytes: number }
  | { readonly kind: "cancel"; readonly task: number; readonly reason: string };

export type FromCompute =
  | { readonly kind: "consumed"; readonly task: number; readonly bytes: number }
  | { readonly kind: "output"; readonly task: number; readonly bytes: Uint8Array }
  | { readonly kind: "done"; readonly task: number }
  | { readonly kind: "failed"; readonly task: number; readonly text: string };

export function itemBytes(item: InputItem): number {
  return ITEM_BYTES + (item.kind === "batch" ? item.bytes.byteLength : 0);
}

/** Bytes on their way; `room` waits until there are few enough. */
export class Window {
  #open = 0;
  #closed = false;
  #wake: (() => void) | null = null;

  add(bytes: number): void {
    this.#open += bytes;
  }

  remove(bytes: number): void {
    this.#open -= bytes;
    this.#wake?.();
  }

  /** Lets everybody through from now on. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async room(): Promise<void> {
    while (this.#open > WINDOW_BYTES && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}

/** Adds up bytes and reports them in large pieces. */
export class Reports {
  #bytes = 0;
  readonly #report: (bytes: number) => void;

  constructor(report: (bytes: number) => void) {
    this.#report = report;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < REPORT_BYTES) return;
    this.#report(this.#bytes);
    this.#bytes = 0;
  }
}
