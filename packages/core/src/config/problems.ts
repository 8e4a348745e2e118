/** What is wrong with a configuration: all of it at once, each with the path of its key. */
import { AxonloomError, type ErrorCode } from "../errors.ts";

export type KeyPath = readonly PropertyKey[];

export interface Problem {
  readonly path: KeyPath;
  /** Without the path. */
  readonly message: string;
  readonly code: ErrorCode;
}

/** `options.chunk-size[2]`; keys that are no plain words in quotes. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\w-]+$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

/** A value in a message: short, on one line. */
export function brief(value: unknown): string {
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${value.length}: ${shorten(JSON.stringify(value))}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string" || typeof value === "boolean") return shorten(JSON.stringify(value));
  return String(value);
}

function shorten(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** The value at a path; undefined when there is none. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/**
 * One error for all problems. Its code is `E_CONFIG_UNSUPPORTED` when something is asked for that does not exist yet, else the code that
 * all problems share, else `E_CONFIG_INVALID`.
 */
export function configError(problems: readonly Problem[], file: string | undefined): AxonloomError {
  const codes = new Set(problems.map((problem) => problem.code));
  let code: ErrorCode = "E_CONFIG_INVALID";
  if (codes.has("E_CONFIG_UNSUPPORTED")) code = "E_CONFIG_UNSUPPORTED";
  else if (codes.size === 1) code = problems[0]!.code;
  const lines = problems.map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`));
  const where = file ?? "configuration";
  const message =
    lines.length === 1
      ? `${where}: ${lines[0]}`
      : `${where}: ${lines.length} problems${lines.map((line) => `\n  ${line}`).join("")}`;
  return new AxonloomError(code, message, {
    file: file ?? null,
    problems: problems.map((problem) => ({ path: formatPath(problem.path), message: problem.message, code: problem.code })),
  });
}
