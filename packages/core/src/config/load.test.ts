import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "./load.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const minimal = { input: { source: "grey" }, output: { destination: "out" } };

test("JSON and YAML say the same", async () => {
  const yaml = await loadConfig(file("a.yml", "# grey values\ninput:\n  source: grey\noutput: { destination: out }\n"));
  const json = await loadConfig(file("a.json", `\uFEFF${JSON.stringify(minimal)}`));
  expect(yaml).toEqual(json);
  expect(yaml.input.source).toBe(join(folder, "grey"));
  expect(yaml.runFolder).toBe(join(folder, "a.run"));
});

test.each([
  ["missing.yml", null, /missing\.yml: does not exist/],
  ["a.toml", "", /\.json, \.yml or \.yaml, found \.toml/],
  ["none", "", /found no ending/],
  ["broken.json", '{"input": ', /broken\.json: expected JSON/],
  ["broken.yml", "input: [1,", /broken\.yml: expected YAML.*line 1/s],
  ["twice.json", '{ "input": {}, "options": {\n\t"border": 1,\n\t"border": 2 } }', /a key is there twice: .*line 3/s],
  ["twice.yml", "input: 1\ninput: 2\n", /keys must be unique/],
  ["tag.yml", "input: !mine 1\n", /tag/],
  [
    "bomb.yml",
    `a: &a [1,1]\n${[..."bcdefghij"].map((n, i) => `${n}: &${n} [${Array(9).fill(`*${"abcdefghij"[i]}`).join()}]`).join("\n")}\n`,
    /alias/,
  ],
])("unreadable: %s", async (name, text, message) => {
  const path = text === null ? join(folder, name) : file(name, text);
  await expect(loadConfig(path)).rejects.toMatchObject({ code: "E_CONFIG_READ", message: expect.stringMatching(message) });
});

test("an empty file is no configuration", async () => {
  await expect(loadConfig(file("empty.yml", ""))).rejects.toMatchObject({ code: "E_CONFIG_INVALID" });
});

test("several problems are listed under the file's name", async () => {
  const path = file("bad.yml", "input: {}\noutput: {}\n");
  const lines = await loadConfig(path).catch((error: Error) => error.message.split("\n"));
  expect(lines).toEqual([
    `${path}: 2 problems`,
    expect.stringMatching(/^ {2}input\.source: /),
    expect.stringMatching(/^ {2}output\.destination: /),
  ]);
});

test("plug-in modules are looked at, all of them", async () => {
  file("own.mjs", "export function mask() { return null; }\n");
  const steps = {
    "background-mask": { function: "./own.mjs:mask" },
    "predict-voxels": { function: "./own.mjs:predict" },
    "create-supervoxels": { function: "./gone.mjs:cut" },
  };
  const path = file("own.json", JSON.stringify({ ...minimal, options: { segmentor: { configuration: steps } } }));
  const error = await loadConfig(path).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "E_PLUGIN_NOT_FOUND" });
  const { problems } = (error as { fields: { problems: { path: string }[] } }).fields;
  expect(problems.map((problem) => problem.path)).toEqual([
    "options.segmentor.configuration.predict-voxels.function",
    "options.segmentor.configuration.create-supervoxels.function",
  ]);
});

test("an unknown segmentor", async () => {
  const path = file("class.json", JSON.stringify({ ...minimal, options: { segmentor: { class: "DefaultGreyOnly" } } }));
  await expect(loadConfig(path)).rejects.toMatchObject({
    code: "E_PLUGIN_NOT_FOUND",
    message: expect.stringMatching(/options\.segmentor\.class: .*DefaultGrayOnly/),
  });
});
