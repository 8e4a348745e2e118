/**
 * Which function a step of the configuration means. `function` is the name of a built-in (`seeded_watershed`), the original's dotted
 * name of one (`DVIDSparkServices.reconutils.plugins.seeded_watershed`), or a user's own `/path/my-plugin.mjs:functionName`.
 */
import { AxonloomError } from "../errors.ts";
import { reasonOf } from "../fs-errors.ts";
import { closest } from "../suggest.ts";
import { BUILT_INS, type BuiltIn, NOT_YET, type StepPlugins } from "./builtins.ts";
import { hashOfFile } from "./module-hash.ts";
import { parseParameters } from "./parameters.ts";
import { checkPythonStep } from "./python/check.ts";
import { hashOfPython } from "./python/module-hash.ts";
import { pythonReference } from "./python/reference.ts";

import type { StepConfig, StepName } from "./types.ts";
import { hashOfModule, importUserExport, parseUserReference } from "./user-module.ts";

export interface ResolvedStep<S extends StepName = StepName> {
  /** As the configuration has it; for error texts. */
  readonly name: string;
  /** Checked and with defaults for a built-in, as they are for a user's function. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly run: StepPlugins[S];
  /** null for a user's function. */
  readonly builtIn: BuiltIn | null;
}

/** Key of a step's entry in the configuration, for error texts. */
export function keyOf(stepName: StepName, entry: "function" | "parameters"): string {
  return `options.segmentor.configuration.${stepName}.${entry}`;
}

/** The last part of one of the original's dotted names; any other name as it is. */
export function shortName(name: string): string {
  return name.startsWith("DVIDSparkServices.") ? name.slice(name.lastIndexOf(".") + 1) : name;
}

/**
 * The function of a step. Throws `E_PLUGIN_NOT_FOUND` (no such built-in, module or export), `E_CONFIG_UNSUPPORTED` (a function of
 * the original that does not exist here yet) or `E_CONFIG_INVALID` (parameters, or a function of another step).
 */
export async function resolveStep<S extends StepName>(step: StepConfig, stepName: S): Promise<ResolvedStep<S>> {
  const name = step.function;
  const reference = parseUserReference(name);
  if (reference === null) {
    const builtIn = findBuiltIn(name, stepName);
    const parameters = parseParameters(builtIn, step.parameters, builtIn.name, keyOf(stepName, "parameters"));
    return { name, parameters, run: builtIn.run as StepPlugins[S], builtIn };
  }
  const run = await importUserExport(reference, keyOf(stepName, "function"));
  return { name, parameters: step.parameters, run: run as unknown as StepPlugins[S], builtIn: null };
}

/** Everything about a step that can be checked before a run starts: function, parameters, sources. Throws as {@link resolveStep}. */
export async function checkStep(step: StepConfig, stepName: StepName): Promise<void> {
  const python = pythonReference(step);
  if (python !== null) return await checkPythonStep(python, step, stepName, keyOf(stepName, "function"));
  const { builtIn, parameters } = await resolveStep(step, stepName);
  await builtIn?.check?.(parameters, keyOf(stepName, "parameters"));
}

/**
 * Plain JSON of all that a step's result depends on beside its arrays: function, parameters, SHA-256 of a user's module with its imports
 * and of the files that `depends-on` lists. Throws as {@link resolveStep}, and {@link hashesOfFiles}.
 */
export async function pluginFingerprint(step: StepConfig): Promise<Readonly<Record<string, unknown>>> {
  const hashes = await hashesOfFiles(step);
  const files = hashes.length === 0 ? {} : { files: hashes };
  const python = pythonReference(step);
  if (python !== null) {
    const { module, name } = python;
    return { function: `${module}.${name}`, parameters: step.parameters, sha256: await hashOfPython(python), ...files };
  }
  const reference = parseUserReference(step.function);
  if (reference !== null) {
    const sha256 = await hashOfModule(reference, "function");
    return { function: reference.exportName, parameters: step.parameters, sha256, ...files };
  }
  const stepName = BUILT_INS.get(shortName(step.function))?.step ?? "background-mask";
  const builtIn = findBuiltIn(step.function, stepName);
  const parameters = parseParameters(builtIn, step.parameters, builtIn.name, keyOf(stepName, "parameters"));
  const identity = await builtIn.identity?.(parameters);
  return { function: builtIn.name, parameters, ...(identity === undefined ? {} : { identity }), ...files };
}

/** SHA-256 (hex) of each file of `depends-on`. Throws `E_PLUGIN_NOT_FOUND` when one cannot be read. */
export async function hashesOfFiles(step: StepConfig): Promise<string[]> {
  const hashes: string[] = [];
  for (const path of step["depends-on"] ?? []) {
    try {
      hashes.push(await hashOfFile(path));
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new AxonloomError(
        "E_PLUGIN_NOT_FOUND",
        `depends-on: expected a file that ${step.function} depends on, but ${path} cannot be read: ${reason}; correct the path`,
        { key: "depends-on", function: step.function, path },
        cause,
      );
    }
  }
  return hashes;
}

/** The built-in that a step names. Throws as {@link resolveStep}. */
export function findBuiltIn(name: string, stepName: StepName): BuiltIn {
  const key = keyOf(stepName, "function");
  const short = shortName(name);
  const builtIn = BUILT_INS.get(short);
  if (builtIn === undefined) throw unknownFunction(name, short, stepName);
  if (builtIn.step !== stepName) {
    throw new AxonloomError(
      "E_CONFIG_INVALID",
      `${key}: ${name} is a function for ${builtIn.step}; expected one of ${namesFor(stepName).join(", ")}, or /path/module.mjs:name`,
      { key, function: name },
    );
  }
  return builtIn;
}

function unknownFunction(name: string, short: string, stepName: StepName): AxonloomError {
  const key = keyOf(stepName, "function");
  const instead = NOT_YET.get(short);
  if (instead !== undefined) {
    return new AxonloomError("E_CONFIG_UNSUPPORTED", `${key}: ${name} does not exist here yet; there is ${instead}`, {
      key,
      function: name,
    });
  }
  const names = namesFor(stepName);
  const hint = closest(short, names);
  return new AxonloomError(
    "E_PLUGIN_NOT_FOUND",
    `${key}: there is no function ${name}${hint === null ? "" : `; did you mean ${hint}?`} Expected one of ${names.join(", ")}, or /path/module.mjs:name`,
    { key, function: name },
  );
}

function namesFor(stepName: StepName): string[] {
  return [...new Set(BUILT_INS.values())].filter((builtIn) => builtIn.step === stepName).map((builtIn) => builtIn.name);
}
