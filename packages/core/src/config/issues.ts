/** Turns the findings of zod into problems that say what was expected, what was found and what to do. */
import type { z } from "zod";
import { closest } from "../suggest.ts";
import { configJsonSchema, type JsonSchema, schemaAt } from "./json-schema.ts";
import { brief, formatPath, type KeyPath, type Problem, valueAt } from "./problems.ts";

type Issue = z.core.$ZodIssue;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "an object (key: value)",
  record: "an object (key: value)",
  array: "a list",
  tuple: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** @param root what was parsed. @param schema that it was parsed with. */
export function problemsOfIssues(issues: readonly Issue[], root: unknown, schema: JsonSchema = configJsonSchema()): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, root, schema));
}

function problemsOfIssue(issue: Issue, root: unknown, schema: JsonSchema): Problem[] {
  const invalid = (path: KeyPath, message: string): Problem => ({ path, message, code: "E_CONFIG_INVALID" });
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => invalid([...issue.path, key], unknownKey(key, issue.path, schema)));
  }
  const found = valueAt(root, issue.path);
  if (found === undefined) {
    const about = schemaAt(schema, issue.path)?.description;
    return [invalid(issue.path, `is missing${about === undefined ? "" : `. ${about}`}`)];
  }
  return [invalid(issue.path, `${expectation(issue)}, found ${brief(found)}`)];
}

function expectation(issue: Issue): string {
  const isOurs = !/^(Invalid|Too|Unrecognized)/.test(issue.message);
  if (isOurs) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "too_small":
      if (issue.origin === "string") return "expected a text that is not empty";
      if (issue.origin === "array") return `expected ${issue.minimum} entries`;
      return `expected a number ${issue.inclusive === false ? "above" : "of at least"} ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `expected ${issue.maximum} entries`;
      return `expected a number ${issue.inclusive === false ? "below" : "of at most"} ${issue.maximum}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}

function unknownKey(key: string, parent: KeyPath, schema: JsonSchema): string {
  const siblings = Object.keys(schemaAt(schema, parent)?.properties ?? {});
  const near = closest(key, siblings);
  if (near !== null) return `unknown key; did you mean ${near}?`;
  const elsewhere = findKey(schema, key, []);
  if (elsewhere !== null) return `unknown key here; it belongs to ${formatPath(elsewhere)}`;
  return `unknown key; expected one of ${siblings.join(", ")}`;
}

/** Where else a key of that name stands, first found. */
function findKey(schema: JsonSchema, key: string, path: KeyPath): KeyPath | null {
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (child.deprecated === true) continue;
    if (name === key) return [...path, name];
    const below = findKey(child, key, [...path, name]);
    if (below !== null) return below;
  }
  return null;
}
