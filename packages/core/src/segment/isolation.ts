/**
 * `use-subprocess`: a step in a process of its own, so that a crash, an endless loop or an out-of-memory ends that attempt and never
 * the run. A thread would not do: its memory limit does not see typed arrays, and a native crash takes all threads along.
 *
 *   this thread ── files: arrays ──▶ child process (isolated-host.ts): plug-in
 *               ◀─ file: result, messages: log lines, outcome
 *   watches: time, resident memory, abort                watchdog thread: ends with its parent
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fromPlainError, isAxonloomError } from "../errors.ts";
import { reasonOf } from "../fs-errors.ts";
import { volumeOf } from "../geometry/box.ts";
import type { Checked } from "./checks.ts";
import {
  argumentBytes,
  type StoredArguments,
  type StoredArray,
  storeArguments,
  takeValue,
  transferBases,
  withTransferFolder,
} from "./isolated-arrays.ts";
import { type IsolatedTask, isIsolatedMessage } from "./isolated-messages.ts";
import { forwardLines } from "./line-forwarder.ts";
import { crashError, failure, memoryError, timeoutError } from "./process-errors.ts";
import { watchMemory } from "./resident-memory.ts";
import { checkedStep, type StepArguments } from "./run-step.ts";
import type { StepConfig, StepName } from "./types.ts";

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 1000;
/** Room on the memory disk for the result: labels or one float channel, and some. */
const RESULT_BYTES_PER_VOXEL = 8;

let hostPath: string | null = null;

/**
 * Says where the program of isolated steps lies, for a bundle that brings its own copy of `isolated-host`, in one file or with its
 * imports beside it. Holds for this thread.
 */
export function setIsolatedHost(path: string): void {
  hostPath = path;
}

/**
 * Runs a step in a child process and gives its checked result. `subprocess-timeout` seconds and `subprocess-memory` resident bytes are
 * its limits (0 = none). Throws `E_PLUGIN_TIMEOUT`, `E_PLUGIN_MEMORY`, `E_PLUGIN_CRASHED` (the process ended before it answered),
 * `E_PLUGIN_FAILED` (no folder had room for its arrays), or what {@link runStep} throws in the child.
 */
export async function runIsolated(config: StepConfig, stepName: StepName, input: StepArguments): Promise<unknown> {
  const where = checkedStep(stepName, config.function, input);
  return await passArrays(input, where, async (stored, folder) => {
    const outcome = await runChild({ stepName, config, input: stored, folder }, where, input);
    return await takeValue(outcome, { signal: input.signal });
  });
}

/**
 * Puts a step's arrays into files of a folder, on the memory disk when it has room, for another process to read; `work` gives what that
 * process did. The next folder is tried when files cannot be written or read in one. `E_PLUGIN_FAILED` when none has room.
 */
export async function passArrays<T>(
  input: StepArguments,
  where: Checked,
  work: (stored: StoredArguments, folder: string) => Promise<T>,
): Promise<T> {
  const { signal, logger } = input;
  signal.throwIfAborted();
  const failures: string[] = [];
  for (const base of await transferBases(argumentBytes(input) + RESULT_BYTES_PER_VOXEL * volumeOf(input.shape))) {
    try {
      return await withTransferFolder(base, async (folder) => await work(await storeArguments(input, folder, { signal }), folder));
    } catch (error) {
      signal.throwIfAborted();
      if (isAxonloomError(error)) throw error;
      failures.push(`${base} (${reasonOf(error)})`);
      logger.warn(`${where.plugin}: its arrays could not pass through ${failures.at(-1)}`);
    }
  }
  const folders = failures.join(", nor through ");
  throw failure("E_PLUGIN_FAILED", `its arrays could not pass through ${folders}; free some space there`, where, { failures });
}

function runChild(task: IsolatedTask, where: Checked, { logger, signal }: StepArguments): Promise<StoredArray | null> {
  const { config } = task;
  const host = hostPath ?? fileURLToPath(new URL("./isolated-host.js", import.meta.url));
  const child = fork(host, { execArgv: [], serialization: "advanced", stdio: ["pipe", "pipe", "pipe", "ipc"] });
  const { promise, resolve, reject } = withResolvers<StoredArray | null>();
  let ended: Error | null = null; // why we ended it
  let outcome: (() => void) | null = null; // what it answered
  const end = (why: Error) => {
    ended ??= why;
    kill(child);
  };

  const stdout = forwardLines(child.stdout!, (line) => logger.info(`${where.plugin}: ${line}`));
  const stderr = forwardLines(child.stderr!, (line) => logger.warn(`${where.plugin}: ${line}`));
  child.stdin!.on("error", () => {}); // the line to the watchdog breaks when the child ends
  child.on("message", (message) => {
    if (!isIsolatedMessage(message)) return;
    if (message.type === "log") {
      logger[message.level](`${where.plugin}: ${message.text}`);
      return;
    }
    outcome ??= message.type === "done" ? () => resolve(message.result) : () => reject(fromPlainError(message.error));
    setTimeout(() => kill(child), GRACE_MS).unref(); // in case something of the plug-in's keeps it from ending
  });
  const onAbort = () => end(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  const timeout = config["subprocess-timeout"];
  const memory = config["subprocess-memory"];
  const timer = timeout > 0 ? setTimeout(() => end(timeoutError(timeout, where)), timeout * 1000) : undefined;
  const watch = memory > 0 ? watchMemory(child, memory, (found) => end(memoryError(memory, found, where))) : undefined;
  const settle = (code: number | null, killedBy: NodeJS.Signals | null) => {
    clearTimeout(timer);
    clearInterval(watch);
    signal.removeEventListener("abort", onAbort);
    if (outcome !== null) outcome();
    else if (ended !== null) reject(ended);
    else reject(crashError(code, killedBy, [...stdout(), ...stderr()], where));
  };
  child.on("error", (error) => {
    ended ??= failure("E_PLUGIN_CRASHED", `its process could not be started: ${error.message}`, where, { host });
    settle(null, null);
  });
  afterExit(child, settle);
  child.send(task, (error) => {
    if (error !== null) logger.debug(`${where.plugin}: its process took no task: ${error.message}`);
  });
  return promise;
}

/** Calls back after the process has ended and its output has been read; not later than a second after the end. */
function afterExit(child: ChildProcess, callback: (code: number | null, signal: NodeJS.Signals | null) => void): void {
  let called = false;
  const once = (code: number | null, signal: NodeJS.Signals | null) => {
    if (!called) callback(code, signal);
    called = true;
  };
  child.on("close", once);
  // processes that the plug-in started may hold the output open
  child.on("exit", (code, signal) => setTimeout(once, GRACE_MS, code, signal).unref());
}

function kill(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  child.on("exit", () => clearTimeout(timer));
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
