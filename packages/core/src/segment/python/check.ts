/** A step that is a Python function, looked at before a run. */
import { AxonloomError } from "../../errors.ts";
import type { StepConfig, StepName } from "../types.ts";
import { type PythonOutcome, PythonProcess } from "./process.ts";
import type { PythonReference } from "./reference.ts";

/** Time to import a module and its packages, from a slow disk. */
const IMPORT_SECONDS = 120;

/**
 * Imports the function in a Python process and looks at how it can be called. Throws `E_PLUGIN_NOT_FOUND`: no interpreter, no NumPy, no
 * such module or function, a package that it needs is missing, or it does not take the arguments of its step.
 */
export async function checkPythonStep(
  reference: PythonReference,
  step: StepConfig,
  stepName: StepName,
  key: string,
): Promise<void> {
  const python = new PythonProcess(reference.python);
  try {
    const outcome = await python.ask(requestOf(reference, step, stepName), { timeout: IMPORT_SECONDS });
    const problem = problemOf(outcome, reference);
    if (problem !== null) {
      throw new AxonloomError("E_PLUGIN_NOT_FOUND", `${key}: ${problem}`, { key, function: step.function });
    }
  } finally {
    python.close();
  }
}

/** Why a request was not answered well; null when it was. */
export function problemOf(outcome: PythonOutcome, { python, module }: PythonReference): string | null {
  switch (outcome.kind) {
    case "answered":
      return outcome.answer.refused === undefined ? null : outcome.answer.text!;
    case "not-started":
      return `the interpreter ${python} cannot be started (${outcome.reason}); install Python 3 with NumPy, or name another one in the step's "python" or in AXONLOOM_PYTHON`;
    case "ended":
      return `importing ${module} ended the process of ${python} (${outcome.signal ?? `exit code ${outcome.code}`}): ${outcome.tail.slice(-4).join(" | ")}`;
    default:
      return `importing ${module} did not end within ${IMPORT_SECONDS} s`;
  }
}

/** What a Python process is asked, without arrays. */
export function requestOf({ folders, module, name }: PythonReference, { parameters }: StepConfig, step: StepName) {
  return { step, folders, module, name, parameters, arrays: null };
}
