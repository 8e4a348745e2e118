/** What an isolated step's process does: takes one task, runs the plug-in, stores the result, answers, ends. */
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { toPlainError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { VoxelArray } from "../volume/block.ts";
import { storeValue, takeValue } from "./isolated-arrays.ts";
import { type IsolatedMessage, type IsolatedTask, TAG } from "./isolated-messages.ts";
import { pluginFailure } from "./plugin-failure.ts";
import { resolveStep } from "./plugins.ts";
import { checkedStep, runStep, type StepArguments } from "./run-step.ts";
import type { Predictions } from "./types.ts";

/** Lines that a plug-in may log; a flood would fill the channel. */
const MAX_LINES = 1000;

/** @param host the program of this process, which is the watchdog's too. */
export async function runTask(host: URL): Promise<void> {
  const [task] = (await once(process, "message")) as [IsolatedTask];
  const watchdog = new Worker(host, { workerData: task.folder });
  await once(watchdog, "message");
  const input = await takeInput(task);
  const where = checkedStep(task.stepName, task.config.function, input);
  const fail = (error: unknown) => answer({ tag: TAG, type: "failed", error: toPlainError(pluginFailure(where, error)) });
  process.on("uncaughtException", fail);
  try {
    const result = await runStep(await resolveStep(task.config, task.stepName), task.stepName, input);
    const stored = await storeValue(result as VoxelArray | Predictions | null, join(task.folder, "result"));
    answer({ tag: TAG, type: "done", result: stored });
  } catch (error) {
    answer({ tag: TAG, type: "failed", error: toPlainError(error) });
  }
}

async function takeInput({ input }: IsolatedTask): Promise<StepArguments> {
  const arrays: Record<string, VoxelArray | Predictions | null> = {};
  for (const [name, stored] of Object.entries(input.arrays)) arrays[name] = await takeValue(stored);
  return { ...input.context, inside: null, ...arrays, logger: makeLogger(), signal: new AbortController().signal };
}

function makeLogger(): Logger {
  let lines = 0;
  const log = (level: keyof Logger) => (message: string) => {
    if (++lines <= MAX_LINES) send({ tag: TAG, type: "log", level, text: String(message) });
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function send(message: IsolatedMessage, sent?: () => void): void {
  process.send?.(message, undefined, undefined, sent);
}

/** Sends the last message and ends the process, whatever timers the plug-in has left behind. */
function answer(message: IsolatedMessage): void {
  send(message, () => process.exit(0));
}
