/** Proves that `axonloom doctor` finds what a run would be refused for, says it in a table or as JSON, and by its exit code. Without Spark. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { axonloom, temporaryFolder, writeConfig } from "./harness.ts";

const NPY = "{'descr': '|u1', 'fortran_order': False, 'shape': (64, 32, 32), }";

function folderWithVolume(): string {
  const folder = temporaryFolder();
  const header = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${NPY.padEnd(117)}\n`, "latin1");
  writeFileSync(join(folder, "gray.npy"), Buffer.concat([header, Buffer.alloc(64 * 32 * 32, 9)]));
  return folder;
}

interface Check {
  readonly name: string;
  readonly status: string;
  readonly code: string | null;
}

test("this machine and a configuration", async () => {
  const folder = folderWithVolume();
  const config = writeConfig(folder);
  const good = await axonloom(["doctor", config, "--json"], folder);
  expect(good.code).toBe(0);
  const checks = JSON.parse(good.stdout) as Check[];
  expect(checks.map(({ name, status }) => [name, status])).toEqual([
    ["Node.js", "ok"],
    ["this machine", "ok"],
    ["configuration", "ok"],
    ["workers", "ok"],
    ["disk", "ok"],
  ]);
  expect(existsSync(join(folder, "small.run"))).toBe(false); // nothing stays behind
});

test("what a run would be refused for ends in exit code 2", async () => {
  const folder = folderWithVolume();
  const small = await axonloom(["doctor", writeConfig(folder), "--workers", "4", "--memory", "600MB"], folder);
  expect(small.code).toBe(2);
  expect(small.stdout).toMatch(/^failed {3}workers +E_MEMORY: 4 worker\(s\) need/m);
  const wrong = await axonloom(["doctor", writeConfig(folder, { "chunk-size": -1 }, {}, "wrong.json"), "--json"], folder);
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.stdout)).toContainEqual(expect.objectContaining({ name: "configuration", code: "E_CONFIG_INVALID" }));
});

test("a Spark that is not there", async () => {
  const folder = temporaryFolder();
  const nobody = await axonloom(["doctor", "--engine", "sc://127.0.0.1:9", "--json"], folder);
  expect(nobody.code).toBe(2);
  expect(JSON.parse(nobody.stdout)).toContainEqual(expect.objectContaining({ name: "Spark", code: "E_SPARK_UNREACHABLE" }));
  const plain = await axonloom(["doctor", "--engine", "sc://example.org:9/;token=abc;use_ssl=false"], folder);
  expect(plain.code).toBe(2);
  expect(plain.stdout).toMatch(/E_USAGE: .*unencrypted/);
  expect(plain.stdout).not.toMatch(/abc/);
});
