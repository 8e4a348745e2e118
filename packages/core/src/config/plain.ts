/** First look at what a file holds: plain JSON values of bounded depth, and no placeholder left. */
import type { KeyPath, Problem } from "./problems.ts";

/** What the default configuration has where there is no default. */
export const NO_DEFAULT = "{{NO_DEFAULT}}";

const MAX_DEPTH = 64;

export interface PlainCheck {
  /** Placeholders that were not filled in. */
  readonly placeholders: readonly Problem[];
  /** What no configuration can hold: nothing else can be said of it. */
  readonly unfit: readonly Problem[];
}

export function checkPlain(root: unknown): PlainCheck {
  const placeholders: Problem[] = [];
  const unfit: Problem[] = [];
  const add = (list: Problem[], path: KeyPath, message: string) => list.push({ path, message, code: "E_CONFIG_INVALID" });
  const visit = (value: unknown, path: KeyPath, above: readonly unknown[]): void => {
    if (typeof value === "string") {
      if (value.includes(NO_DEFAULT)) add(placeholders, path, "must be filled in");
    } else if (typeof value === "object" && value !== null) {
      if (above.includes(value)) add(unfit, path, "contains itself");
      else if (path.length >= MAX_DEPTH) add(unfit, path, `is nested more than ${MAX_DEPTH} levels deep`);
      else if (Array.isArray(value))
        for (const [index, entry] of value.entries()) visit(entry, [...path, index], [...above, value]);
      else if (isPlainObject(value))
        for (const [key, entry] of Object.entries(value)) visit(entry, [...path, key], [...above, value]);
      else add(unfit, path, `expected a plain value, found a ${value.constructor?.name ?? "special object"}`);
    } else if (typeof value === "number" && !Number.isFinite(value)) {
      add(unfit, path, `expected a finite number, found ${value}`);
    } else if (["bigint", "function", "symbol"].includes(typeof value)) {
      add(unfit, path, `expected a plain value, found a ${typeof value}`);
    }
  };
  visit(root, [], []);
  return { placeholders, unfit };
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
