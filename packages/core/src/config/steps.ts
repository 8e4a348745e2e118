/** The steps of the default segmentor: what can be told of their functions and parameters without running anything. */
import { resolve } from "node:path";
import { type AxonloomError, isAxonloomError } from "../errors.ts";
import { BUILT_INS } from "../segment/builtins.ts";
import { parseParameters } from "../segment/parameters.ts";
import { findBuiltIn, keyOf, shortName } from "../segment/plugins.ts";
import { type PythonStep, pythonReference, resolvePythonStep } from "../segment/python/reference.ts";
import { STEP_NAMES } from "../segment/types.ts";
import { parseUserReference } from "../segment/user-module.ts";
import { resolvePlugin, resolveSource } from "./paths.ts";
import { formatPath, type KeyPath, type Problem, valueAt } from "./problems.ts";
import { stepSchemas } from "./schema-segmentor.ts";

export const CONFIGURATION: KeyPath = ["options", "segmentor", "configuration"];

/** Unknown functions, functions that do not exist here yet, and wrong parameters of built-ins. Steps that are malformed are left out. */
export function problemsOfSteps(raw: unknown): Problem[] {
  return STEP_NAMES.flatMap((name) => {
    const step = stepSchemas[name].safeParse(valueAt(raw, [...CONFIGURATION, name]));
    if (!step.success || pythonReference(step.data) !== null || parseUserReference(step.data.function) !== null) return [];
    try {
      const builtIn = findBuiltIn(step.data.function, name);
      parseParameters(builtIn, step.data.parameters, builtIn.name, keyOf(name, "parameters"));
      return [];
    } catch (error) {
      if (!isAxonloomError(error)) throw error;
      return [problemOfError(error, [...CONFIGURATION, name])];
    }
  });
}

/** The error of a step as a problem: its message starts with its key. */
export function problemOfError({ message, code }: AxonloomError, path: KeyPath): Problem {
  const end = message.indexOf(": ");
  const [key, ...below] = message.slice(0, Math.max(0, end)).split(`${formatPath(path)}.`);
  if (key !== "" || below.length !== 1) return { path, message, code };
  return { path: [...path, ...below[0]!.split(".")], message: message.slice(end + 2), code };
}

interface WrittenStep extends PythonStep {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly "depends-on"?: readonly string[] | undefined;
}

/** The step with absolute paths: of a user's function, of a built-in's `source` and files, and in `depends-on`. */
export function resolveStepPaths<S extends WrittenStep>(step: S, baseFolder: string): S {
  const { source } = step.parameters;
  const builtIn = BUILT_INS.get(shortName(step.function));
  const files = step["depends-on"]?.map((path) => resolve(baseFolder, path));
  if (pythonReference(step) !== null)
    return { ...resolvePythonStep(step, baseFolder), ...(files !== undefined && { "depends-on": files }) };
  const isSource = builtIn !== undefined && "source" in builtIn.schema.shape && typeof source === "string";
  let parameters = isSource ? { ...step.parameters, source: resolveSource(source, baseFolder) } : step.parameters;
  for (const keys of builtIn?.files ?? []) parameters = resolveAt(parameters, keys, baseFolder) as typeof parameters;
  return {
    ...step,
    function: resolvePlugin(step.function, baseFolder),
    parameters,
    ...(files !== undefined && { "depends-on": files }),
  };
}

/** The value with the path that lies behind `keys` made absolute; as it is where there is no text. */
function resolveAt(value: unknown, keys: readonly string[], baseFolder: string): unknown {
  const [key, ...further] = keys;
  if (key === undefined) return typeof value === "string" && value !== "" ? resolve(baseFolder, value) : value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return value;
  return { ...value, [key]: resolveAt((value as Record<string, unknown>)[key], further, baseFolder) };
}
