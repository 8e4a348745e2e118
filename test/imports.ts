/** Who imports whom: read from the sources, without a compiler. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";

/** `from` imports `to`: two source files (paths from the root of the checkout), or a file and the name of a package. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Files that are no tests, with forward slashes. */
export function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.(test|suite)\.ts$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

export function importsOf(root: string, files: readonly string[]): Import[] {
  return files.flatMap((from) =>
    specifiersIn(readFileSync(join(root, from), "utf8")).map((name) => ({ from, to: target(from, name) })),
  );
}

function target(from: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(dirname(from), specifier) : specifier;
}

/** What a source text imports or exports again, types too; comments are left out. */
export function specifiersIn(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = /\b(?:import|export)\b[\s\w{},*$]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;
  return [...code.matchAll(statements)].map((match) => match[1] ?? match[2]!);
}

/** A cycle of files, closed (first = last); null when there is none. */
export function findCycle(imports: readonly Import[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return null;
    for (const to of next.get(file) ?? []) {
      const cycle = visit(to, [...path, file]);
      if (cycle !== null) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of next.keys()) {
    const cycle = visit(file, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

export interface Rooms {
  /** Package -> packages that it may import, by the names that imports use. */
  readonly packages: Readonly<Record<string, { readonly name: string; readonly mayImport: readonly string[] }>>;
  /** Folders of core/src, the highest first: each may import those after it. */
  readonly folders: readonly string[];
}

const CORE = "packages/core/src/";
/** Files at the root of core/src that every folder may import. */
const SHARED = [
  "errors.ts",
  "fs-errors.ts",
  "log.ts",
  "call-options.ts",
  "version.ts",
  "suggest.ts",
  "parallel.ts",
  "task-process.ts",
].map((name) => CORE + name);

/** Imports that lead upwards, out of a package by a relative path, or into a folder that has no place; in words. */
export function forbiddenImports(imports: readonly Import[], rooms: Rooms): string[] {
  return imports.flatMap(({ from, to }) => {
    const reason = whyForbidden(from, to, rooms);
    return reason === null ? [] : [`${from} imports ${to}: ${reason}`];
  });
}

function whyForbidden(from: string, to: string, { packages, folders }: Rooms): string | null {
  const room = from.split("/")[1]!;
  const own = packages[room];
  if (own === undefined) return `packages/${room} has no place in docs/architecture.md`;
  const other = Object.values(packages).find(({ name }) => to === name || to.startsWith(`${name}/`));
  if (other !== undefined) return own.mayImport.includes(other.name) ? null : `${own.name} may not import ${other.name}`;
  if (!to.startsWith("packages/")) return null; // from a registry, or Node.js itself
  if (to.split("/")[1] !== room) return "a package is imported by its name";
  if (!from.startsWith(CORE) || SHARED.includes(to)) return null;
  const [fromFolder, toFolder] = [from, to].map((path) => path.slice(CORE.length).split("/")) as [string[], string[]];
  if (fromFolder.length === 1 && !SHARED.includes(from)) return null; // index.ts
  if (toFolder.length === 1) return `only the entry files stand above ${to}`;
  const [above, below] = [folders.indexOf(fromFolder[0]!), folders.indexOf(toFolder[0]!)];
  if (fromFolder.length > 1 && above < 0) return `the folder ${fromFolder[0]} has no place in docs/architecture.md`;
  if (below < 0) return `the folder ${toFolder[0]} has no place in docs/architecture.md`;
  return fromFolder.length > 1 && above <= below ? null : `${toFolder[0]} is above ${fromFolder[0]}`;
}

/** The rooms as docs/architecture.md has them. */
export function readRooms(architecture: string): Rooms {
  const rows = [...architecture.matchAll(/^\| `packages\/(\w[\w-]*)` \(`([^`]+)`\) \|[^|]*\|([^|]*)\|$/gm)];
  const names = new Map(rows.map(([, room, name]) => [room!, name!]));
  const packages = Object.fromEntries(
    rows.map(([, room, name, may]) => {
      const mayImport = [...may!.matchAll(/`([\w-]+)`/g)].map((match) => names.get(match[1]!)!);
      return [room!, { name: name!, mayImport }];
    }),
  );
  const list = /Inside `core\/src`[\s\S]*?```\n([\s\S]*?)```/.exec(architecture)?.[1] ?? "";
  return { packages, folders: [...list.matchAll(/^([\w-]+)\/ /gm)].map((match) => match[1]!) };
}
