/** The default configuration as text to start from. */
import { stringify } from "yaml";
import { isRequired } from "./describe.ts";
import { configJsonSchema, type JsonSchema } from "./json-schema.ts";
import { NO_DEFAULT } from "./plain.ts";

const WIDTH = 110;

const HEADING = [
  "The configuration of a run, with every default. Fill in what says NO_DEFAULT; everything else may be left out.",
  "Lines that start with # and hold a key show what has no default and need not be given.",
];

/**
 * A configuration with all defaults and `{{NO_DEFAULT}}` where one must be filled in. YAML has each key's description as a comment;
 * JSON knows no comments.
 */
export function defaultConfigText(format: "yaml" | "json"): string {
  const schema = configJsonSchema();
  if (format === "json") return `${JSON.stringify(defaultsOf(schema), null, 2)}\n`;
  return `${[...HEADING.flatMap((line) => comment(line, "")), "", ...yamlLines(schema, "")].join("\n")}\n`;
}

/** Keys of a schema that appear in the defaults. */
function entriesOf(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries(schema.properties ?? {}).filter(([, child]) => child.deprecated !== true);
}

/** An object that is always there, with keys of its own. */
function isSection(parent: JsonSchema, key: string, child: JsonSchema): boolean {
  return child.properties !== undefined && (child.default !== undefined || isRequired(parent, key));
}

function defaultsOf(schema: JsonSchema): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const [key, child] of entriesOf(schema)) {
    if (isSection(schema, key, child)) defaults[key] = defaultsOf(child);
    else if (child.default !== undefined) defaults[key] = child.default;
    else if (isRequired(schema, key)) defaults[key] = NO_DEFAULT;
  }
  return defaults;
}

function yamlLines(schema: JsonSchema, indent: string): string[] {
  const lines: string[] = [];
  for (const [key, child] of entriesOf(schema)) {
    lines.push(...comment(child.description ?? "", indent));
    if (isSection(schema, key, child)) lines.push(`${indent}${key}:`, ...yamlLines(child, `${indent}  `));
    else if (child.default !== undefined) lines.push(`${indent}${key}: ${flow(child.default)}`);
    else if (isRequired(schema, key)) lines.push(`${indent}${key}: ${flow(NO_DEFAULT)}`);
    else lines.push(`${indent}# ${key}: ${flow(child.examples?.[0] ?? null)}`);
    if (indent === "") lines.push("");
  }
  return lines;
}

/** A value on one line. */
function flow(value: unknown): string {
  return stringify(value, {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
  }).trim();
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + word.length > WIDTH) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].filter((part) => part !== "").map((part) => `${indent}# ${part}`);
}
