/**
 * What a Python module consists of, as one hash: its file and, again and again, the modules of the step's folders that it names in
 * `import x.y` or `from .x import y`. Installed packages are not seen. The text is searched, not parsed, so a name in a string counts too:
 * a file too many costs a computation, one too few a wrong result.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { codeOf, isMissing } from "../../fs-errors.ts";
import type { PythonReference } from "./reference.ts";

const IMPORT = /^[ \t]*import[ \t]+(.+)$/gm;
const FROM = /^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(?:\(([^)]*)\)|(.+))$/gm;

interface Found {
  readonly path: string;
  readonly text: string;
}

/** SHA-256 (hex); it does not depend on where the folders lie. A module that lies in none of them is named, not hashed. */
export async function hashOfPython({ folders, module }: PythonReference): Promise<string> {
  const lines = new Set<string>();
  const queue: { readonly names: readonly string[]; readonly from: readonly string[] }[] = [{ names: [module], from: folders }];
  const known = new Set<string>();
  while (queue.length > 0) {
    const { names, from } = queue.pop()!;
    for (const name of names) {
      const files = await filesOf(name, from);
      if (files.length === 0 && name === module) lines.add(`elsewhere ${name}`);
      for (const { path, text } of files) {
        if (known.has(path)) continue;
        known.add(path);
        const base = folders.find((folder) => !relative(folder, path).startsWith(".."));
        lines.add(`${createHash("sha256").update(text).digest("hex")} ${base === undefined ? path : relative(base, path)}`);
        queue.push(...importsOf(text, path, folders));
      }
    }
  }
  return createHash("sha256")
    .update([...lines].sort().join("\n"))
    .digest("hex");
}

/** The files of `a.b.c`: the packages a and a.b, and the module. */
async function filesOf(name: string, folders: readonly string[]): Promise<Found[]> {
  const parts = name.split(".").filter((part) => part !== "");
  for (const folder of folders) {
    const files: Found[] = [];
    for (let n = 1; n <= parts.length; n++) {
      const place = join(folder, ...parts.slice(0, n));
      const found = (await read(join(place, "__init__.py"))) ?? (await read(`${place}.py`));
      if (found !== null) files.push(found);
    }
    if (files.length > 0) return files;
  }
  return [];
}

async function read(path: string): Promise<Found | null> {
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    // a folder of that name is no module's file; what is there and cannot be read must not pass as absent
    if (isMissing(error) || codeOf(error) === "EISDIR") return null;
    throw error;
  }
}

function importsOf(text: string, path: string, folders: readonly string[]) {
  const found: { names: string[]; from: readonly string[] }[] = [];
  for (const [, list] of text.matchAll(IMPORT)) found.push({ names: namesIn(list!), from: folders });
  for (const [, dots, module, inBrackets, list] of text.matchAll(FROM)) {
    let from = folders;
    if (dots !== "") {
      let folder = dirname(path);
      for (let i = 1; i < dots!.length; i++) folder = dirname(folder);
      from = [folder];
    }
    // what is imported may be a module itself
    const names = namesIn(inBrackets ?? list ?? "").map((name) => (module === "" ? name : `${module}.${name}`));
    found.push({ names: module === "" ? names : [module!, ...names], from });
  }
  return found;
}

/** `a.b as c, d` gives a.b and d. */
function namesIn(list: string): string[] {
  return list
    .replace(/#.*$/gm, "")
    .split(",")
    .map((part) => part.trim().split(/[\s;]/)[0]!)
    .filter((name) => /^[\w.]+$/.test(name));
}
