/** Users' own functions and classes, named `/path/module.mjs:exportName`. */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AxonloomError } from "../errors.ts";
import { reasonOf } from "../fs-errors.ts";
import { hashOfImports } from "./module-hash.ts";

export interface UserReference {
  readonly path: string;
  readonly exportName: string;
}

/** Takes `/path/module.mjs:exportName` apart; null when `name` is no such thing (a built-in's name has no slash and no `.mjs`). */
export function parseUserReference(name: string): UserReference | null {
  const colon = name.lastIndexOf(":");
  const named = colon > 1 && !/[\\/]/.test(name.slice(colon)); // > 1: `C:\\…` has no export
  const path = named ? name.slice(0, colon) : name;
  if (!/[\\/]|\.[cm]?[jt]s$/.test(path)) return null;
  return { path: isAbsolute(path) ? path : resolve(path), exportName: named ? name.slice(colon + 1) : "" };
}

/** Imports the module and gives its export, a function or class. @param key where it stands in the configuration. */
export async function importUserExport({ path, exportName }: UserReference, key: string): Promise<(...args: never[]) => unknown> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new AxonloomError("E_PLUGIN_NOT_FOUND", `${key}: the module ${path} cannot be imported: ${reason}`, { key, path }, cause);
  }
  const functions = Object.keys(module)
    .filter((name) => typeof module[name] === "function")
    .sort();
  const found = module[exportName];
  if (typeof found === "function") return found as (...args: never[]) => unknown;
  const exported = functions.length === 0 ? "it exports no function" : `it exports ${functions.join(", ")}`;
  const problem =
    exportName === ""
      ? `expected ${path}:name, found no name after the path`
      : `the module ${path} has no function named ${exportName}`;
  throw new AxonloomError("E_PLUGIN_NOT_FOUND", `${key}: ${problem}; ${exported}`, { key, path, exportName, exports: functions });
}

/** SHA-256 (hex) of the module and the files that it imports by path. Throws `E_PLUGIN_NOT_FOUND` when it cannot be read. */
export async function hashOfModule({ path }: UserReference, key: string): Promise<string> {
  try {
    return await hashOfImports(path);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new AxonloomError("E_PLUGIN_NOT_FOUND", `${key}: the module ${path} cannot be read: ${reason}`, { key, path }, cause);
  }
}
