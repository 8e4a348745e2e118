/** First look at what a file holds: plain values of bounded depth, and no placeholder left. */
import type { KeyPath, Problem } from "./problems.ts";

/** What the default configuration has where there is no default. */
export const NO_DEFAULT = "{{NO_DEFAULT}}";

const MAX_DEPTH = 64;

/** Placeholders that were not filled in, and values that no configuration can hold. */
export function problemsOfPlainValue(value: unknown, path: KeyPath = []): Problem[] {
  const problem = (message: string): Problem[] => [{ path, message, code: "E_CONFIG_INVALID" }];
  if (typeof value === "string") return value.includes(NO_DEFAULT) ? problem("must be filled in") : [];
  if (typeof value !== "object" || value === null) return [];
  if (path.length >= MAX_DEPTH) return problem(`is nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return value.flatMap((entry, index) => problemsOfPlainValue(entry, [...path, index]));
  return Object.entries(value).flatMap(([key, entry]) => problemsOfPlainValue(entry, [...path, key]));
}
