import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { defaultConfigText } from "./default-text.ts";
import { configJsonSchema, editorJsonSchema, type JsonSchema } from "./json-schema.ts";
import { parseConfig } from "./parse.ts";
import { configReferenceMarkdown } from "./reference.ts";

const read = { yaml: (text: string): unknown => parseYaml(text), json: (text: string): unknown => JSON.parse(text) };
/** Each placeholder with a name of its own. */
const filled = (text: string) => {
  let count = 0;
  return text.replaceAll("{{NO_DEFAULT}}", () => `name-${++count}`);
};
const minimal = { input: { source: "{{NO_DEFAULT}}" }, output: { destination: "{{NO_DEFAULT}}" } };

test.each(["yaml", "json"] as const)("the %s defaults, once filled in, are the defaults", (format) => {
  const text = defaultConfigText(format);
  expect(() => parseConfig(read[format](text), { baseFolder: "/a" })).toThrow(
    /2 problems\n {2}input\.source: must be filled in\n {2}output\.destination: must be filled in/,
  );
  const expected = parseConfig(JSON.parse(filled(JSON.stringify(minimal))), { baseFolder: "/a" });
  expect(parseConfig(read[format](filled(text)), { baseFolder: "/a" })).toEqual(expected);
});

test("keys without a default stand in the YAML as examples that can be read", () => {
  const hidden = /^( *)# (?=(voxel-size-nm|encoding|gzip|chunk|roi|preserve-bodies):)/gm;
  const text = filled(defaultConfigText("yaml")).replace(hidden, "$1");
  const config = parseConfig(parseYaml(text), { baseFolder: "/a" });
  expect(config).toMatchObject({
    input: { voxelSizeNm: [8, 8, 8] },
    output: { encoding: "compressed_segmentation", gzip: false, chunk: [64, 64, 64] },
    roi: { kind: "file", path: "/a/roi.json" },
    preserveBodies: { bodies: [17n, 18446744073709551615n] },
  });
});

test("every key of the schema has a description, and the YAML shows it", () => {
  const words = defaultConfigText("yaml").replace(/\n *# /g, " ");
  let keys = 0;
  const visit = (schema: JsonSchema, path: string): void => {
    for (const [key, child] of Object.entries(schema.properties ?? {})) {
      expect(child.description, `${path}${key}`).toBeTruthy();
      if (child.deprecated === true) continue;
      keys++;
      expect(words).toContain(child.description);
      if (child.default !== undefined || schema.required?.includes(key)) visit(child, `${path}${key}.`);
    }
  };
  visit(configJsonSchema(), "");
  expect(keys).toBeGreaterThan(50);
});

test("the JSON Schema is of draft 2020-12, forbids unknown keys and requires what has no default", () => {
  const schema = configJsonSchema();
  expect(schema).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    required: ["input", "output"],
    additionalProperties: false,
    properties: {
      input: { required: ["source"], additionalProperties: false },
      options: { properties: { segmentor: { properties: { configuration: { additionalProperties: true } } } } },
    },
  });
});

test("editors want input and output, or dvid-info", () => {
  const schema = editorJsonSchema();
  expect(schema.required).toBeUndefined();
  expect(schema.properties?.["input"]).toMatchObject({ additionalProperties: false, properties: { source: {} } });
  expect(schema.properties?.["input"]?.required).toBeUndefined();
  expect(schema.anyOf).toEqual([
    {
      required: ["input", "output"],
      properties: { input: { required: ["source"] }, output: { required: ["destination"] } },
    },
    { required: ["dvid-info"] },
  ]);
});

test("docs/reference/configuration.md is current (npm run setup && node scripts/make-docs.mjs)", () => {
  const path = fileURLToPath(new URL("../../../../docs/reference/configuration.md", import.meta.url));
  expect(configReferenceMarkdown()).toBe(readFileSync(path, "utf8"));
});
