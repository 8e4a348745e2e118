/** JSON Schema of the configuration, for editors; the other documents are made from it. */
import { z } from "zod";
import { configSchema } from "./schema.ts";
import { segmentorConfigurationSchema } from "./schema-segmentor.ts";

/** The part of JSON Schema that is used here. */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly deprecated?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: boolean | JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
}

let made: JsonSchema | null = null;

/** JSON Schema (draft 2020-12) of the configuration as it is written: what has a default may be left out. */
export function configJsonSchema(): JsonSchema {
  made ??= z.toJSONSchema(configSchema, {
    target: "draft-2020-12",
    io: "input",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) => {
      // zodSchema may be the inner type of a prefault: compare shapes.
      const shape = (zodSchema as Partial<z.ZodObject>).shape;
      if (shape !== undefined && shape === segmentorConfigurationShape) jsonSchema.additionalProperties = true;
    },
  }) as JsonSchema;
  return made;
}

/** The same for editors: input and output need not be there where `dvid-info` names them. */
export function editorJsonSchema(): JsonSchema {
  const { required, properties = {}, ...root } = configJsonSchema();
  const named = Object.keys(properties).filter((key) => required?.includes(key));
  const optional = named.map((key) => {
    const { required: _, ...section } = properties[key]!;
    return [key, section] as const;
  });
  const needed = named.map((key) => [key, { required: properties[key]!.required ?? [] }] as const);
  return {
    ...root,
    properties: { ...properties, ...Object.fromEntries(optional) },
    anyOf: [{ required: named, properties: Object.fromEntries(needed) }, { required: ["dvid-info"] }],
  };
}

const segmentorConfigurationShape = segmentorConfigurationSchema.unwrap().shape;

/** The schema of a key; undefined when the path leads out of it. */
export function schemaAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined {
  let at: JsonSchema | undefined = schema;
  for (const key of path) {
    const properties: Readonly<Record<string, JsonSchema>> = at?.properties ?? {};
    at = typeof key === "string" && Object.hasOwn(properties, key) ? properties[key] : undefined;
  }
  return at;
}
