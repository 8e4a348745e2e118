/** Reads a configuration file. */
import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { parseDocument } from "yaml";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError, isAxonloomError } from "../errors.ts";
import { isMissing, reasonOf } from "../fs-errors.ts";
import { checkStep } from "../segment/plugins.ts";
import { createSegmentor } from "../segment/segmentor.ts";
import { STEP_NAMES, type StepConfig, type StepName } from "../segment/types.ts";
import { parseUserReference } from "../segment/user-module.ts";
import { parseConfig } from "./parse.ts";
import { configError, type KeyPath, type Problem } from "./problems.ts";
import { CONFIGURATION, problemOfError } from "./steps.ts";
import type { Config } from "./types.ts";

/**
 * Reads, checks and completes a configuration (`.json`, `.yml`, `.yaml`), with plug-in modules and their sources.
 * Throws `E_CONFIG_READ` and what {@link parseConfig} and `checkStep` throw.
 */
export async function loadConfig(path: string, options: CallOptions = {}): Promise<Config> {
  const raw = await readConfigFile(path, options);
  const config = parseConfig(raw, { baseFolder: dirname(resolve(path)), file: path });
  const problems = await problemsOfPlugins(config);
  if (problems.length > 0) throw configError(problems, path);
  return config;
}

/** One step of a configuration file, checked as a run would check it, while the files of other steps need not exist. Throws as {@link loadConfig}. */
export async function loadStep(path: string, name: StepName, options: CallOptions = {}): Promise<StepConfig> {
  const raw = await readConfigFile(path, options);
  const { segmentor } = parseConfig(raw, { baseFolder: dirname(resolve(path)), file: path });
  const step = segmentor.configuration[name];
  await checkStep(step, name);
  return step;
}

/** What a configuration file (`.json`, `.yml`, `.yaml`) holds. `E_CONFIG_READ`. */
export async function readConfigFile(path: string, { signal }: CallOptions = {}): Promise<unknown> {
  const extension = extname(path).toLowerCase();
  if (![".json", ".yml", ".yaml"].includes(extension)) {
    throw unreadable(path, `expected a file ending in .json, .yml or .yaml, found ${extension === "" ? "no ending" : extension}`);
  }
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw unreadable(path, isMissing(cause) ? "does not exist; check the path" : `cannot be read: ${reasonOf(cause)}`, cause);
  }
  return extension === ".json" ? parseJson(path, text) : parseYaml(path, text);
}

function parseJson(path: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw unreadable(path, `expected JSON: ${(cause as Error).message}`, cause);
  }
  // JSON.parse keeps the last of two equal keys and says nothing; JSON is YAML, whose parser tells.
  const twice = parseDocument(text).errors.find((error) => error.code === "DUPLICATE_KEY");
  if (twice !== undefined) throw unreadable(path, `a key is there twice: ${twice.message.trim()}`);
  return value;
}

function parseYaml(path: string, text: string): unknown {
  let reason: string;
  try {
    const document = parseDocument(text);
    const trouble = document.errors[0] ?? document.warnings[0];
    if (trouble === undefined) return document.toJS({ maxAliasCount: 100 });
    reason = trouble.message;
  } catch (cause) {
    throw unreadable(path, `expected YAML: ${(cause as Error).message}`, cause);
  }
  throw unreadable(path, `expected YAML: ${reason.trim()}`);
}

function unreadable(path: string, reason: string, cause?: unknown): AxonloomError {
  return new AxonloomError("E_CONFIG_READ", `${path}: ${reason}`, { file: path }, cause);
}

/** Modules that cannot be imported, sources that do not exist. A segmentor of the user's own gives the steps its own meaning. */
async function problemsOfPlugins({ segmentor }: Config): Promise<Problem[]> {
  const checks: [KeyPath, () => Promise<unknown>][] = [[["options", "segmentor"], () => createSegmentor(segmentor)]];
  if (parseUserReference(segmentor.class) === null) {
    for (const name of STEP_NAMES) checks.push([[...CONFIGURATION, name], () => checkStep(segmentor.configuration[name], name)]);
  }
  const problems: Problem[] = [];
  for (const [path, check] of checks) {
    try {
      await check();
    } catch (error) {
      if (!isAxonloomError(error)) throw error;
      problems.push(problemOfError(error, path));
    }
  }
  return problems;
}
