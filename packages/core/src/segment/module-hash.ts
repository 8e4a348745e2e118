/**
 * What a user's module consists of, as one hash: the file and, again and again, the files that it names by a path in
 * `import … from "./x"`, `export … from "./x"`, `import("./x")` or `require("./x")`. Packages (`import "lodash"`), and names that are
 * computed, are not seen.
 *
 * The text is searched, not parsed, so a name in a comment counts too: a file too many costs a computation, one too few a wrong result.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { codeOf, isMissing } from "../fs-errors.ts";

const SPECIFIERS = [/\bfrom\s*["']([^"'\n]+)["']/g, /\bimport\s*["']([^"'\n]+)["']/g, /\bimport\s*\(\s*["'`]([^"'`\n$]+)["'`]/g];
const REQUIRED = /\brequire\s*\(\s*["'`]([^"'`\n$]+)["'`]/g;
const IS_PATH = /^(\.{1,2}\/|\/|file:)/;
const IS_CODE = /\.[cm]?[jt]sx?$/;

/** SHA-256 (hex) of the file. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

/**
 * SHA-256 (hex) of the module at `entry` and all files that it imports; it does not depend on the folder in which they lie together.
 * A file that is not there counts as missing, since its name may be a type's or stand in a comment: whether it is needed shows when the
 * module is imported. Throws what reading throws when `entry` itself, or a file that is there, cannot be read.
 */
export async function hashOfImports(entry: string): Promise<string> {
  const first = await realpath(entry);
  const lines: string[] = [];
  const known = new Set([first]);
  for (const path of known) {
    const name = relative(dirname(first), path).split(sep).join("/");
    let content: Uint8Array;
    try {
      content = await readFile(path);
    } catch (error) {
      if (path === first || !(isMissing(error) || codeOf(error) === "EISDIR")) throw error;
      lines.push(`missing ${name}`);
      continue;
    }
    lines.push(`${createHash("sha256").update(content).digest("hex")} ${path === first ? "" : name}`);
    if (path !== first && !IS_CODE.test(path)) continue;
    for (const next of await importedBy(path, new TextDecoder().decode(content))) known.add(next);
  }
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}

/** Absolute paths of the files that a module's text names. */
async function importedBy(path: string, text: string): Promise<string[]> {
  const url = pathToFileURL(path);
  const require = createRequire(url);
  const found: string[] = [];
  for (const pattern of [...SPECIFIERS, REQUIRED]) {
    for (const [, specifier] of text.matchAll(pattern)) {
      if (!IS_PATH.test(specifier!)) continue;
      try {
        found.push(pattern === REQUIRED ? require.resolve(specifier!) : fileURLToPath(new URL(specifier!, url)));
      } catch {
        // no file that could be loaded: importing the module will say so
      }
    }
  }
  return await Promise.all(found.map((file) => realpath(file).catch(() => file)));
}
