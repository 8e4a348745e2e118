/** The modules that are shipped: an entry file that puts the stages' modules and the task host together, for esbuild to bundle. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The same ending as this file's: sources run as they are in tests. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const WORKER = fileURLToPath(new URL(`./worker.${EXTENSION}`, import.meta.url));
/** Program of isolated steps. */
export const ISOLATED_HOST = fileURLToPath(new URL(`../../segment/isolated-host.${EXTENSION}`, import.meta.url));

/** Writes the entry for these modules into `folder` and gives its path: the same for the same modules. It exports `run`, `cogroup` and `probe`. */
export async function writeEntry(folder: string, modules: readonly string[]): Promise<string> {
  const names = [...new Set(modules)].sort();
  const text = [
    `import { cogroupFunction, probe, taskFunction } from ${JSON.stringify(WORKER)};`,
    ...names.map((name, i) => `import * as module${i} from ${JSON.stringify(pathOf(name))};`),
    `const modules = { ${names.map((name, i) => `${JSON.stringify(name)}: module${i}`).join(", ")} };`,
    "export const run = taskFunction(modules);",
    "export const cogroup = cogroupFunction(modules);",
    "export { probe };",
    "",
  ].join("\n");
  const path = join(folder, `entry-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.mjs`);
  await writeFile(path, text);
  return path;
}

/** Files are bundled by their path; a specifier is looked up from here. */
function pathOf(module: string): string {
  return fileURLToPath(module.startsWith("file:") ? module : import.meta.resolve(module));
}
