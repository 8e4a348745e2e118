import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
// @ts-expect-error plain JavaScript
import { digestOfSources, nodeTooOld, packagesAreCurrent } from "../scripts/setup.mjs";
// @ts-expect-error plain JavaScript
import { exitCodeOf, summarise } from "../scripts/test.mjs";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "axonloom-setup-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: unknown): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
}

test("Node.js below 20.19 is refused in words", () => {
  expect(nodeTooOld("20.18.3")).toMatch(/20\.19 or newer is needed, found 20\.18\.3/);
  expect(nodeTooOld("18.20.0")).not.toBeNull();
  expect([nodeTooOld("20.19.0"), nodeTooOld("22.1.0")]).toEqual([null, null]);
});

test("packages are current when npm has installed all that the lock file asks for", () => {
  const a = { version: "1.0.0", integrity: "sha512-a" };
  const lock = (packages: object) => ({ packages: { "": {}, "packages/core": {}, ...packages } });
  write("package-lock.json", lock({ "node_modules/a": a, "node_modules/b": { ...a, optional: true } }));
  expect(packagesAreCurrent(root)).toBe(false);
  write("node_modules/.package-lock.json", { packages: {} });
  expect(packagesAreCurrent(root)).toBe(false);
  write("node_modules/.package-lock.json", { packages: { "node_modules/a": a } });
  expect(packagesAreCurrent(root)).toBe(true);
  write("node_modules/.package-lock.json", { packages: { "node_modules/a": { ...a, version: "0.9.0" } } });
  expect(packagesAreCurrent(root)).toBe(false);
});

test("the digest of the sources changes with every file that is changed, added or removed", () => {
  write("package.json", { workspaces: ["packages/a"] });
  write("package-lock.json", {});
  for (const name of ["package.json", "tsconfig.json", "src/index.ts", "src/deep/b.ts"]) write(`packages/a/${name}`, "");
  const seen = new Set([digestOfSources(root)]);
  expect(seen).toContain(digestOfSources(root));
  utimesSync(join(root, "packages/a/src/deep/b.ts"), 1, 1);
  seen.add(digestOfSources(root));
  write("packages/a/src/c.ts", "");
  seen.add(digestOfSources(root));
  rmSync(join(root, "packages/a/src/deep/b.ts"));
  seen.add(digestOfSources(root));
  expect(seen.size).toBe(4);
});

test("the counts of a test run", () => {
  const result = (status: string) => ({ status, fullName: status });
  const report = {
    testResults: [
      { name: "a", status: "failed", assertionResults: [result("passed"), result("failed"), result("skipped"), result("todo")] },
      { name: "b", status: "failed", assertionResults: [] },
      { name: "c", status: "passed", assertionResults: [result("passed"), result("pending")] },
    ],
  };
  const { passed, failed, skipped } = summarise(report);
  expect([passed, failed, skipped.length]).toEqual([2, 2, 3]);
  expect(exitCodeOf({ passed: 2, failed: 1 }, 1)).toBe(1);
  expect(exitCodeOf({ passed: 2, failed: 0 }, 1)).toBe(1); // an error outside of the tests
  expect(exitCodeOf({ passed: 0, failed: 0 }, 0)).toBe(1);
  expect(exitCodeOf({ passed: 2, failed: 0 }, 0)).toBe(0);
  expect(exitCodeOf({ passed: 2, failed: 0 }, null)).toBe(1); // ended by a signal
});
