/** Relative paths in a configuration start at the folder of its file. */
import { resolve } from "node:path";
import { parseUserReference } from "../segment/user-module.ts";
import { isPathScheme, splitScheme } from "../store/source-name.ts";

/** `images://folder?query` or a bare path, with an absolute path. Names on servers and URLs stay as they are. */
export function resolveSource(source: string, baseFolder: string): string {
  const parts = splitScheme(source);
  if (parts === null) return resolve(baseFolder, source);
  const { scheme, rest } = parts;
  if (rest === "" || splitScheme(rest) !== null || !isPathScheme(scheme)) return source;
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return `${scheme}://${path === "" ? "" : resolve(baseFolder, path)}${mark < 0 ? "" : rest.slice(mark)}`;
}

/** `./file.mjs:name` with an absolute path; the name of a built-in as it is. */
export function resolvePlugin(name: string, baseFolder: string): string {
  const reference = parseUserReference(name);
  if (reference === null) return name;
  const { exportName } = reference;
  if (exportName === "") return resolve(baseFolder, name);
  return `${resolve(baseFolder, name.slice(0, -exportName.length - 1))}:${exportName}`;
}
