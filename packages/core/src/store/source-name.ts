/**
 * Names of sources and destinations: `scheme://path?key=value&…`. Paths are those of the file system (`file:///…` is read too);
 * everything after the first `?` is a query.
 */
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AxonloomError } from "../errors.ts";
import { fromXyz, type Vec3 } from "../geometry/box.ts";
import { closest } from "../suggest.ts";
import { BYTES_PER_VOXEL, type Dtype } from "../volume/block.ts";

/** `scheme://rest`; null for a bare path. */
export function splitScheme(source: string): { scheme: string; rest: string } | null {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/(.*)$/s.exec(source);
  return match === null ? null : { scheme: match[1]!.toLowerCase(), rest: match[2]! };
}

/** Whether a path follows `scheme://`, so that it may be relative: elsewhere it is a server, or a URL. */
export function isPathScheme(scheme: string): boolean {
  return !["file", "http", "https", "dvid"].includes(scheme);
}

/** What follows the scheme, taken apart. */
export interface LocalName {
  /** Absolute. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Takes `path?query` apart, and makes the path absolute. `E_SOURCE_NAME`, `E_SOURCE_UNSUPPORTED` (remote). */
export function parseLocalName(rest: string, baseFolder: string = process.cwd()): LocalName {
  const mark = rest.indexOf("?");
  const name = mark < 0 ? rest : rest.slice(0, mark);
  const path = localPath(name, baseFolder);
  const query = new Map<string, string>();
  for (const pair of mark < 0 ? [] : rest.slice(mark + 1).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (query.has(key)) throw malformed(rest, `the key "${key}" is there twice`);
    query.set(key, equals < 0 ? "" : pair.slice(equals + 1));
  }
  return { path, query };
}

function localPath(name: string, baseFolder: string): string {
  const inner = splitScheme(name);
  let path = name;
  if (inner?.scheme === "file") {
    try {
      path = fileURLToPath(name);
    } catch (error) {
      throw malformed(name, `it is no valid file URL (${(error as Error).message})`);
    }
  } else if (inner !== null) {
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `"${name}" is remote (${inner.scheme}://): expected a path of this machine's file system; copy or mount the data and name its path`,
      { name, scheme: inner.scheme },
    );
  }
  if (path === "" || path.includes("\0")) throw malformed(name, "it has no path");
  return isAbsolute(path) ? resolve(path) : resolve(baseFolder, path);
}

/** Writes a name that {@link parseLocalName} reads back. */
export function formatLocalName({ path, query }: LocalName): string {
  const pairs = [...query].map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

/** Throws for a query key that the driver does not know. */
export function checkQueryKeys(name: LocalName, known: readonly string[]): void {
  for (const key of name.query.keys()) {
    if (known.includes(key)) continue;
    const near = closest(key, known);
    const hint = near === null ? "" : `; did you mean "${near}"?`;
    const list = known.length === 0 ? "none" : known.join(", ");
    throw malformed(formatLocalName(name), `the key "${key}" is unknown (known: ${list})${hint}`);
  }
}

/** A query value of three numbers `x,y,z`, as z, y, x; null when the key is absent. */
export function queryVec3(name: LocalName, key: string, kind: "count" | "offset" | "length"): Vec3 | null {
  const text = name.query.get(key);
  if (text === undefined) return null;
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const good = (n: number) =>
    kind === "length" ? Number.isFinite(n) && n > 0 : Number.isSafeInteger(n) && (kind === "offset" || n > 0);
  if (parts.length !== 3 || !parts.every(good)) {
    const wanted = { count: "three positive integers", offset: "three integers", length: "three positive numbers" }[kind];
    throw malformed(formatLocalName(name), `"${key}=${text}" is no x,y,z: expected ${wanted}, as in ${key}=250,250,100`);
  }
  return fromXyz(parts as [number, number, number]);
}

/** The query value `dtype`; null when absent. */
export function queryDtype(name: LocalName): Dtype | null {
  const text = name.query.get("dtype");
  if (text === undefined) return null;
  if (!Object.hasOwn(BYTES_PER_VOXEL, text)) {
    throw malformed(
      formatLocalName(name),
      `"dtype=${text}" is unknown: expected one of ${Object.keys(BYTES_PER_VOXEL).join(", ")}`,
    );
  }
  return text as Dtype;
}

export function malformed(name: string, why: string): AxonloomError {
  return new AxonloomError("E_SOURCE_NAME", `the name "${name}" cannot be read: ${why}`, { name });
}
