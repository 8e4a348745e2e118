/** Loads the shipped function. The bundle's name is its hash: what is there must match before it is run. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SparkConnectError } from "../../errors.ts";
import { type FunctionCommand, hashOfArtifactName } from "../../function.ts";

const modules = new Map<string, Promise<Record<string, unknown>>>();

export type AnyFunction = (...args: unknown[]) => unknown;

/** Throws `E_SPARK_BUNDLE`. */
export async function loadFunction(command: FunctionCommand, filesFolder: string): Promise<AnyFunction> {
  const path = join(filesFolder, command.bundle);
  const loading = modules.get(path) ?? importChecked(path, command.bundle);
  modules.set(path, loading);
  loading.catch(() => modules.delete(path));
  const module = await loading;
  const found = Object.hasOwn(module, command.export) ? module[command.export] : undefined;
  if (typeof found !== "function") {
    throw new SparkConnectError(
      "E_SPARK_BUNDLE",
      `expected an exported function "${command.export}" in ${command.bundle}, which exports ${Object.keys(module).join(", ") || "nothing"}`,
      { bundle: command.bundle, export: command.export },
    );
  }
  return found as AnyFunction;
}

async function importChecked(path: string, name: string): Promise<Record<string, unknown>> {
  const expected = hashOfArtifactName(name);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new SparkConnectError(
      "E_SPARK_BUNDLE",
      `expected the function's bundle at ${path}, found none: send it as an artifact of this session`,
      { path },
      cause,
    );
  });
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== expected) {
    throw new SparkConnectError("E_SPARK_BUNDLE", `expected sha256 ${expected} of ${path}, found ${found}: the file is damaged`, {
      path,
      expected,
      found,
    });
  }
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
}
