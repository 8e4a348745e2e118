/** Proves where Spark is looked for, and that another version than 4.1 is refused. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checkJava, findSpark, installationFolder } from "./find.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-find-"));
  vi.stubEnv("AXONLOOM_CACHE", folder);
  vi.stubEnv("SPARK_HOME", "");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function makeSpark(home: string, version: string): string {
  for (const name of ["bin", "jars"]) mkdirSync(join(home, name), { recursive: true });
  writeFileSync(join(home, "bin", "spark-submit"), "");
  writeFileSync(join(home, "jars", `spark-connect_2.13-${version}.jar`), "");
  return home;
}

test("SPARK_HOME, else what was installed, else nothing", () => {
  expect(() => findSpark()).toThrow(
    expect.objectContaining({ code: "E_SPARK_NOT_FOUND", message: expect.stringMatching(/setup spark/) }),
  );
  const installed = makeSpark(join(installationFolder(), "lib", "python3.12", "site-packages", "pyspark"), "4.1.4");
  expect(findSpark()).toEqual({ folder: installed, version: "4.1.4" });
  vi.stubEnv("SPARK_HOME", join(folder, "nowhere"));
  expect(() => findSpark()).toThrow(/SPARK_HOME=.*nowhere has no/);
  vi.stubEnv("SPARK_HOME", makeSpark(join(folder, "own"), "4.1.0"));
  expect(findSpark()).toEqual({ folder: join(folder, "own"), version: "4.1.0" });
});

test.each(["4.0.1", "4.2.0", "3.5.7"])("Spark %s is refused", (version) => {
  const home = makeSpark(join(folder, "own"), version);
  expect(() => findSpark(home)).toThrow(
    expect.objectContaining({ code: "E_SPARK_VERSION", message: expect.stringMatching(version) }),
  );
});

test.each([
  ['java version "1.8.0_402"', false],
  ['openjdk version "11.0.2" 2019-01-15', false],
  ['openjdk version "17.0.15" 2025-04-15', true],
  ['openjdk version "21" 2023-09-19', true],
])("Java: %s", async (text, good) => {
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "java"), `#!/bin/sh\necho '${text}' >&2\n`, { mode: 0o755 });
  vi.stubEnv("JAVA_HOME", folder);
  if (good) expect(await checkJava()).toBe(Number(/"(\d+)/.exec(text)![1]));
  else await expect(checkJava()).rejects.toMatchObject({ code: "E_SPARK_NOT_FOUND", message: expect.stringContaining(text) });
});

test("no Java", async () => {
  vi.stubEnv("JAVA_HOME", join(folder, "none"));
  await expect(checkJava()).rejects.toMatchObject({ message: expect.stringMatching(/17 or 21.*none.*ENOENT.*JAVA_HOME/) });
});
