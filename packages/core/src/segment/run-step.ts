import { isAxonloomError } from "../errors.ts";
import { type Checked, checkLabels, checkMask, checkPredictions } from "./checks.ts";
import { pluginFailure } from "./plugin-failure.ts";
import type { ResolvedStep } from "./plugins.ts";
import type { Mask, PluginContext, Predictions, StepName } from "./types.ts";

/** What a step gets, without its parameters; which arrays depends on the step. */
export interface StepArguments extends Omit<PluginContext, "parameters"> {
  readonly gray?: Uint8Array;
  readonly mask?: Mask;
  readonly predictions?: Predictions;
  readonly supervoxels?: Uint32Array;
}

/** How a plug-in is named in errors. */
export function checkedStep(stepName: StepName, functionName: string, { subvolume, bordered }: StepArguments): Checked {
  return { plugin: `${stepName} (${functionName})`, subvolume, bordered };
}

/**
 * Runs a step in this process. A user's result is checked (`E_PLUGIN_RESULT`) and what it throws becomes `E_PLUGIN_FAILED`; the
 * built-ins keep to the rules by themselves.
 */
export async function runStep(step: ResolvedStep, stepName: StepName, input: StepArguments): Promise<unknown> {
  const where = checkedStep(stepName, step.name, input);
  let result: unknown;
  try {
    result = await (step.run as (input: PluginContext) => unknown)({ ...input, parameters: step.parameters });
  } catch (error) {
    input.signal.throwIfAborted();
    throw isAxonloomError(error) ? error : pluginFailure(where, error);
  }
  return step.builtIn === null ? checkResult(result, stepName, input, where) : result;
}

/** `E_PLUGIN_RESULT` unless the value is what the step may return. */
export function checkResult(result: unknown, stepName: StepName, input: StepArguments, where: Checked): unknown {
  if (stepName === "background-mask") return checkMask(result, where);
  if (stepName === "predict-voxels") return checkPredictions(result, where);
  return checkLabels(result, input.mask ?? null, where);
}
