/** The reference page of the configuration, made from its schema. */
import { z } from "zod";
import { BUILT_INS } from "../segment/builtins.ts";
import { STEP_NAMES } from "../segment/types.ts";
import { isRequired, typeInWords } from "./describe.ts";
import { configJsonSchema, type JsonSchema } from "./json-schema.ts";

const INTRODUCTION = `# Configuration

<!-- Made from the schema by scripts/make-docs.mjs: do not edit. -->

A file ending in \`.json\`, \`.yml\` or \`.yaml\`. The keys are those of the paper (appendix B), and a few more. Defaults are filled in
first, then everything is checked, and all problems are reported at once; an unknown key is an error. Relative paths start at the
folder of the file. Coordinates and sizes are x, y, z. \`axonloom defaults\` prints a commented file to start from, \`axonloom schema\` a
JSON Schema for editors.
`;

/** Markdown of the whole page: a table for each group of keys, and the built-in functions with their parameters. */
export function configReferenceMarkdown(): string {
  return [INTRODUCTION, ...schemaSections(configJsonSchema()), ...builtInSections()].join("\n");
}

/** Lines of a page about a schema: a table for each group of keys. */
export function schemaSections(schema: JsonSchema): string[] {
  return sections(schema, [], new Set());
}

function sections(schema: JsonSchema, path: readonly string[], seen: Set<string>): string[] {
  const lines = [`## ${path.length === 0 ? "The file" : `\`${path.join(".")}\``}`, ""];
  if (path.length > 0 && schema.description !== undefined) lines.push(schema.description, "");
  lines.push(...table(schema, "key"), "");
  const below: string[] = [];
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (child.properties === undefined) continue;
    // The steps have the same keys: one table.
    const same = Object.keys(child.properties).join();
    if (seen.has(same)) continue;
    seen.add(same);
    const isStep = (STEP_NAMES as readonly string[]).includes(key);
    below.push(...sections(isStep ? anyStep(child) : child, [...path, isStep ? "<step>" : key], seen));
  }
  return [...lines, ...below];
}

/** The keys of each step, without the description and the default function of one. */
function anyStep(step: JsonSchema): JsonSchema {
  const { default: _, ...anyFunction } = step.properties?.["function"] ?? {};
  return { ...step, description: "Keys of each of the four steps.", properties: { ...step.properties, function: anyFunction } };
}

function table(schema: JsonSchema, first: string): string[] {
  const rows = Object.entries(schema.properties ?? {}).map(([key, child]) => {
    const required = isRequired(schema, key);
    const value = child.properties === undefined || required ? defaultInWords(child, required) : functionDefault(child);
    return `| \`${key}\` | ${child.properties === undefined ? typeInWords(child) : "object"} | ${value} | ${child.description ?? ""} |`;
  });
  return [`| ${first} | type | default | meaning |`, "| --- | --- | --- | --- |", ...rows];
}

function defaultInWords(schema: JsonSchema, required: boolean): string {
  if (required) return "required";
  return schema.default === undefined ? "–" : `\`${JSON.stringify(schema.default)}\``;
}

function functionDefault(step: JsonSchema): string {
  const name = step.properties?.["function"]?.default;
  return name === undefined ? "–" : `\`${String(name)}\``;
}

function builtInSections(): string[] {
  const lines = ["## Built-in functions", "", "The original's dotted names of these functions mean the same.", ""];
  for (const step of STEP_NAMES) {
    for (const builtIn of new Set(BUILT_INS.values())) {
      if (builtIn.step !== step) continue;
      lines.push(`### \`${builtIn.name}\` (${step})`, "");
      const schema = z.toJSONSchema(builtIn.schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
      if (Object.keys(schema.properties ?? {}).length === 0) lines.push("No parameters.", "");
      else lines.push(...table(schema, "parameter"), "");
      const aliases = Object.entries(builtIn.aliases ?? {}).map(([alias, name]) => `\`${alias}\` means \`${name}\`.`);
      if (aliases.length > 0) lines.push(aliases.join(" "), "");
    }
  }
  return lines;
}
