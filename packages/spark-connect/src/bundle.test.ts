import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as arrow from "apache-arrow";
import { afterAll, expect, test } from "vitest";
import { bundleFunction, bundleModule, bundleWorker } from "./bundle.ts";
import { artifactName } from "./function.ts";
import { SHARED_ARROW } from "./shared-arrow.ts";

const folder = mkdtempSync(join(tmpdir(), "bundle-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function project(name: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, "src"), { recursive: true });
  writeFileSync(join(root, "package.json"), "{}");
  writeFileSync(join(root, "src", "helper.cts"), 'module.exports = { add: (a, b) => a + require("node:os").EOL.length - 1 + b };');
  writeFileSync(join(root, "src", "data.wasm"), new Uint8Array([0, 97, 115, 109]));
  writeFileSync(
    join(root, "src", "entry.ts"),
    `import { Utf8 } from "apache-arrow";
     import helper from "./helper.cts";
     import data from "./data.wasm";
     export const three: number = helper.add(1, 2);
     export const bytes: Uint8Array = data;
     export const Text = Utf8;`,
  );
  return join(root, "src", "entry.ts");
}

test("one file with everything; Arrow is the worker's", async () => {
  const { path, sha256 } = await bundleFunction(project("a"));
  expect(basename(path)).toBe(artifactName("bundle", sha256));
  expect(readFileSync(path).length).toBeLessThan(20_000); // without Arrow
  (globalThis as Record<symbol, unknown>)[Symbol.for(SHARED_ARROW)] = arrow;
  const module = await import(/* @vite-ignore */ pathToFileURL(path).href);
  expect(module.three).toBe(3);
  expect([...module.bytes]).toEqual([0, 97, 115, 109]);
  expect(module.Text).toBe(arrow.Utf8);
});

test("the same sources give the same bytes in another folder", async () => {
  const [one, two] = [await bundleModule(project("b")), await bundleModule(pathToFileURL(project("c/deeper")).href)];
  expect(Buffer.from(one).equals(two)).toBe(true);
  expect(Buffer.from(one).includes(folder)).toBe(false);
});

test("the worker is one file that needs nothing but Node", async () => {
  const { path, sha256 } = await bundleWorker(join(folder, "worker"));
  expect(path).toBe(join(folder, "worker", artifactName("worker", sha256)));
  const imports = [...readFileSync(path, "utf8").matchAll(/^import .* from "([^"]+)";/gm)].map((match) => match[1]!);
  expect(imports.length).toBeGreaterThan(3);
  for (const name of imports) expect(name).toMatch(/^(node:|crypto$|stream$|util$|buffer$)/);
});

test("what cannot be bundled is refused", async () => {
  const missing = { code: "E_SPARK_BUNDLE", message: expect.stringContaining("nowhere.ts") };
  await expect(bundleFunction(join(folder, "nowhere.ts"))).rejects.toMatchObject(missing);
  const broken = join(folder, "broken.ts");
  writeFileSync(broken, 'import { a } from "no-such-package"; export const b = a;');
  await expect(bundleFunction(broken)).rejects.toMatchObject({
    code: "E_SPARK_BUNDLE",
    message: expect.stringContaining("no-such-package"),
  });
});
