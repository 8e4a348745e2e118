import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultSteps, stepOf } from "./default-steps.ts";
import { hashOfFile, hashOfImports } from "./module-hash.ts";
import { checkStep, pluginFingerprint } from "./plugins.ts";
import { segmentorFingerprint } from "./segmentor.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-module-hash-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const entry = () => join(folder, "main.mjs");

const FILES: Readonly<Record<string, string>> = {
  "main.mjs": `import a, {\n  b as c,\n} from "./lib/a.mjs";\nimport './effect.mjs'\nimport { readFileSync } from "node:fs"; import "left-pad";
    export * from "./again.mjs";export const f = async () => (await import("./lib/lazy.mjs")).default;`,
  "lib/a.mjs": `import { f } from "../main.mjs"; import d from "./data.json" with { type: "json" }; export default 1; export const b = 2;`,
  "lib/data.json": `{ "from": "./elsewhere.mjs" }`,
  "lib/lazy.mjs": `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); export default require("./old");`,
  "lib/old.cjs": "",
  "lib/old.js": `module.exports = require('../older.cjs');`,
  "older.cjs": "module.exports = 1;",
  "effect.mjs": "globalThis.effect = 1;",
  "again.mjs": "export { x } from './deep.mjs'",
  "deep.mjs": "export const x = 1;",
  "stranger.mjs": "export const y = 1;",
};

test("a change of any file that is imported by path, however deep, changes the hash; a change of another one does not", async () => {
  await write(FILES);
  const before = await hashOfImports(entry());
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  const changes: string[] = [];
  for (const [name, text] of Object.entries(FILES)) {
    await write({ [name]: `${text}\n ` });
    if ((await hashOfImports(entry())) !== before) changes.push(name);
    await write({ [name]: text });
    expect(await hashOfImports(entry())).toBe(before);
  }
  expect(changes).toEqual(Object.keys(FILES).filter((name) => name !== "stranger.mjs" && name !== "lib/old.cjs"));
});

test("the same files elsewhere, or reached by a link, have the same hash; under other names another one", async () => {
  await write(FILES);
  const before = await hashOfImports(entry());
  const moved = `${folder}-moved`;
  await rename(folder, moved);
  try {
    await mkdir(folder);
    await symlink(join(moved, "main.mjs"), join(folder, "link.mjs"));
    expect(await hashOfImports(join(moved, "main.mjs"))).toBe(before);
    expect(await hashOfImports(join(folder, "link.mjs"))).toBe(before);
    await rename(join(moved, "deep.mjs"), join(moved, "deeper.mjs"));
    await writeFile(join(moved, "again.mjs"), "export { x } from './deeper.mjs'");
    expect(await hashOfImports(join(moved, "main.mjs"))).not.toBe(before);
  } finally {
    await rm(moved, { recursive: true });
  }
});

test("a missing import is told when the module is imported, and by name; a name in a comment does no harm", async () => {
  await write({ "main.mjs": `// import { old } from "./old.mjs"\nexport const f = () => 1;` });
  const step = stepOf(`${entry()}:f`);
  const before = await pluginFingerprint(step);
  await checkStep(step, "predict-voxels");
  await write({ "old.mjs": "" });
  expect(await pluginFingerprint(step)).not.toEqual(before);

  await write({ "gone.mjs": `import "./nowhere.mjs"; export const f = () => 1;` });
  await expect(checkStep(stepOf(`${folder}/gone.mjs:f`), "predict-voxels")).rejects.toMatchObject({
    code: "E_PLUGIN_NOT_FOUND",
    message: expect.stringContaining("nowhere.mjs"),
  });
  await expect(pluginFingerprint(stepOf(`${folder}/nowhere.mjs:f`))).rejects.toMatchObject({
    code: "E_PLUGIN_NOT_FOUND",
    message: expect.stringContaining("nowhere.mjs cannot be read"),
  });
});

test("files that a step depends on are part of its fingerprint, whatever their size and time", async () => {
  await write({ "main.mjs": "export const f = () => 1; export class C {}", "model.bin": "12345" });
  const model = join(folder, "model.bin");
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  expect(await hashOfFile(model)).toBe(sha256("12345"));

  const user = { ...stepOf(`${entry()}:f`), "depends-on": [model] };
  const builtIn = { ...stepOf("noop_agglomeration"), "depends-on": [model] };
  expect(await pluginFingerprint(user)).toMatchObject({ files: [sha256("12345")] });
  expect(await pluginFingerprint(builtIn)).toMatchObject({ files: [sha256("12345")] });
  const steps = { ...defaultSteps(), "agglomerate-supervoxels": builtIn };
  const configs = ["Segmentor", `${entry()}:C`].map((name) => ({ class: name, configuration: steps }));
  const before = await Promise.all(configs.map(segmentorFingerprint));
  await writeFile(model, "12346");
  for (const [i, config] of configs.entries()) expect(await segmentorFingerprint(config)).not.toEqual(before[i]);

  await unlink(model);
  await expect(pluginFingerprint(user)).rejects.toMatchObject({
    code: "E_PLUGIN_NOT_FOUND",
    message: expect.stringMatching(/depends-on: .*main\.mjs:f depends on, but .*model\.bin cannot be read/),
  });
});
