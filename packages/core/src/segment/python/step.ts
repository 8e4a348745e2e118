/** Runs a step that is a Python function on a subvolume. */
import { volumeOf } from "../../geometry/box.ts";
import type { VoxelArray } from "../../volume/block.ts";
import type { Checked } from "../checks.ts";
import { type StoredArray, takeValue } from "../isolated-arrays.ts";
import { passArrays } from "../isolation.ts";
import { crashError, failure, memoryError, timeoutError } from "../process-errors.ts";
import { checkedStep, checkResult, type StepArguments } from "../run-step.ts";
import type { StepConfig, StepName } from "../types.ts";
import { problemOf, requestOf } from "./check.ts";
import { type PythonOutcome, PythonProcess } from "./process.ts";
import type { PythonReference } from "./reference.ts";

/** One for each interpreter and list of folders, for as long as this thread lives. */
const processes = new Map<string, PythonProcess>();

/**
 * Runs the function on the arrays of a subvolume and gives its checked result. `subprocess-timeout` and `subprocess-memory` are its limits.
 * Throws the errors of an isolated step, and `E_PLUGIN_RESULT`.
 */
export async function runPythonStep(
  reference: PythonReference,
  step: StepConfig,
  stepName: StepName,
  input: StepArguments,
): Promise<unknown> {
  const where = checkedStep(stepName, step.function, input);
  const { logger, signal } = input;
  const python = processOf(reference);
  return await passArrays({ ...input, inside: null }, where, async ({ arrays }, folder) => {
    const result = `${folder}/result`;
    const outcome = await python.ask(
      {
        ...requestOf(reference, step, stepName),
        arrays: Object.fromEntries(Object.entries(arrays).map(([name, stored]) => [name, described(stored, input)])),
        shape: input.shape,
        result,
      },
      {
        logger: { ...logger, info: (line) => logger.info(`${where.plugin}: ${line}`) },
        signal,
        timeout: step["subprocess-timeout"],
        memory: step["subprocess-memory"],
      },
    );
    signal.throwIfAborted();
    const answer = answerOf(outcome, step, where, reference);
    if (answer === null) return checkResult(null, stepName, input, where);
    const { dtype, shape } = answer;
    const length = shape.reduce((product, n) => product * n, 1);
    const channels = shape.length === 4 ? (shape as [number, number, number, number]) : null;
    const value = await takeValue({ file: result, dtype, length, shape: channels }, { signal });
    return checkResult(value as VoxelArray, stepName, input, where);
  });
}

function processOf({ python, folders }: PythonReference): PythonProcess {
  const key = JSON.stringify([python, folders]);
  let known = processes.get(key);
  if (known === undefined) {
    known = new PythonProcess(python);
    processes.set(key, known);
  }
  return known;
}

/** What Python needs to map a file. */
function described(stored: StoredArray | null, { shape }: StepArguments) {
  if (stored === null) return null;
  const channels = stored.length / volumeOf(shape);
  return { file: stored.file, dtype: stored.dtype, shape: stored.shape ?? (channels === 1 ? shape : [...shape, channels]) };
}

function answerOf(outcome: PythonOutcome, step: StepConfig, where: Checked, reference: PythonReference) {
  if (outcome.kind === "timeout") throw timeoutError(step["subprocess-timeout"], where);
  if (outcome.kind === "memory") throw memoryError(step["subprocess-memory"], outcome.found, where);
  if (outcome.kind === "ended") throw crashError(outcome.code, outcome.signal, outcome.tail, where);
  if (outcome.kind !== "answered") {
    throw failure("E_PLUGIN_CRASHED", problemOf(outcome, reference) ?? "was stopped", where, {});
  }
  const { refused, text, result } = outcome.answer;
  if (refused === undefined) return result ?? null;
  if (refused === "room") throw new Error(text); // the next folder is tried
  const code = ({ result: "E_PLUGIN_RESULT", memory: "E_PLUGIN_MEMORY" } as const)[refused as "result"] ?? "E_PLUGIN_FAILED";
  throw failure(code, text!, where, {});
}
