/** Entry of a worker thread: runs one task at a time. */
import { parentPort } from "node:worker_threads";
import { toPlainError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { runSteps } from "../task-host.ts";
import type { Keyed, TaskContext } from "../types.ts";
import { loadBroadcast } from "./broadcast.ts";
import { consoleTo } from "./console.ts";
import { loadRow, plainBytes, spillRows } from "./spill.ts";
import type { KeyedRef, LocalTask, TaskInput, TaskResult, WorkerMessage } from "./task.ts";

export default async function runTask(task: LocalTask): Promise<TaskResult> {
  consoleTo(contextOf(task, task.key).logger);
  try {
    const first = { key: task.key, value: await loadInput(task.input) };
    const rows = await runSteps(first, task.steps, (key) => contextOf(task, key));
    return { ok: true, rows: await sinkRows(task, rows) };
  } catch (error) {
    return { ok: false, error: toPlainError(error) };
  }
}

async function loadInput(input: TaskInput): Promise<unknown> {
  if (input.kind === "row") return await loadRow(input.row);
  if (input.kind === "group") return await Promise.all(input.rows.map(loadRow));
  return { left: await Promise.all(input.left.map(loadRow)), right: await Promise.all(input.right.map(loadRow)) };
}

async function sinkRows(task: LocalTask, rows: readonly Keyed<unknown>[]): Promise<readonly KeyedRef[]> {
  if (task.sink.kind === "discard") return [];
  if (task.sink.kind === "spill") return await spillRows(task.sink.file, rows, task.label);
  // Serialised here: what cannot be sent would end the worker when it is posted.
  return rows.map(({ key, value }) => ({ key, row: { kind: "bytes", bytes: plainBytes(value, task.label, key) } }));
}

// A cancelled task ends with its thread, so the signal of a local task never fires by itself.
const never = new AbortController().signal;

function contextOf(task: LocalTask, key: string): TaskContext {
  const say = (type: WorkerMessage["type"], detail: WorkerMessage["detail"]) =>
    parentPort?.postMessage({ type, label: task.label, key, detail } satisfies WorkerMessage);
  const logAt = (level: string) => (message: string) => say("log", { level, message });
  const logger: Logger = { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
  const { attempt, maxAttempts, previousFailure } = task;
  return {
    key,
    attempt,
    maxAttempts,
    previousFailure,
    logger,
    signal: never,
    report: (event) => say("report", event),
    broadcast: loadBroadcast,
  };
}
