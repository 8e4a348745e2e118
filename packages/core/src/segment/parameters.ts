/** Parameters of the built-in steps: a zod object each; unknown names and wrong values become errors that say what is right. */
import type { z } from "zod";
import { AxonloomError } from "../errors.ts";
import { closest } from "../suggest.ts";

export interface ParameterSchema {
  readonly schema: z.ZodObject;
  /** Other spellings that are accepted: alias -> parameter. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** Checked parameters with defaults. @param key where they stand in the configuration. Throws `E_CONFIG_INVALID`. */
export function parseParameters(
  { schema, aliases = {} }: ParameterSchema,
  given: Readonly<Record<string, unknown>>,
  plugin: string,
  key: string,
): Record<string, unknown> {
  const names = Object.keys(schema.shape);
  const values: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(given)) {
    const name = Object.hasOwn(aliases, written) ? aliases[written]! : written;
    const where = `${key}.${written}`;
    if (!names.includes(name)) {
      const hint = closest(written, names);
      const known = names.length === 0 ? `${plugin} takes none` : `${plugin} takes ${names.join(", ")}`;
      throw invalid(`${where}: unknown parameter${hint === null ? "" : `; did you mean ${hint}?`} (${known})`, where);
    }
    if (Object.hasOwn(values, name))
      throw invalid(`${where}: ${name} is given twice, once under another spelling; keep one`, where);
    values[name] = value;
  }
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const where = [key, ...issue.path].join(".");
  const name = String(issue.path[0]);
  const found = Object.hasOwn(values, name) ? `, found ${JSON.stringify(values[name])}` : "";
  throw invalid(`${where}: ${issue.message}${found} (parameter of ${plugin})`, where);
}

function invalid(message: string, key: string): AxonloomError {
  return new AxonloomError("E_CONFIG_INVALID", message, { key });
}
