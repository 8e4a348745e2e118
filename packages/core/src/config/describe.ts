/** Words for the types of a JSON Schema. */
import type { JsonSchema } from "./json-schema.ts";

/** `integer ≥ 0`, `none | voxel`, `number or [x, y, z]`, … */
export function typeInWords(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(String).join(" \\| ");
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeInWords))].join(" or ");
  if (schema.prefixItems !== undefined) {
    const inner = schema.prefixItems.map(typeInWords);
    return inner.length === 3 ? "[x, y, z]" : `[${inner.join(", ")}]`;
  }
  if (schema.type === "array") return `list of ${typeof schema.items === "object" ? typeInWords(schema.items) : "values"}`;
  if (schema.type === "integer" || schema.type === "number") {
    const { minimum, exclusiveMinimum, maximum, multipleOf } = schema;
    const low = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? null : minimum;
    const high = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? null : maximum;
    let words: string = schema.type;
    if (low !== null) words += high === null ? ` ≥ ${low}` : ` from ${low} to ${high}`;
    if (exclusiveMinimum !== undefined) words += ` > ${exclusiveMinimum}`;
    if (multipleOf !== undefined) words += `, multiple of ${multipleOf}`;
    return words;
  }
  return schema.type ?? "any";
}

/** Whether a key must be written. */
export function isRequired(parent: JsonSchema, key: string): boolean {
  return parent.required?.includes(key) ?? false;
}
