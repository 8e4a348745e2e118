import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { axonloom, temporaryFolder } from "./harness.ts";

test("the demo: at least eight subvolumes, VI, digest, where the result lies and how to go on; a second call takes what is there", {
  timeout: 600_000,
}, async () => {
  const folder = temporaryFolder();
  const first = await axonloom(["demo"], folder);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^bodies +\d+ in 8 subvolumes$/m);
  const vi = Number(/^VI +([\d.]+) bits = merge [\d.]+ \+ split [\d.]+/m.exec(first.stdout)?.[1]);
  expect(vi).toBeGreaterThan(0);
  expect(vi).toBeLessThan(1);
  const digest = /^digest +([0-9a-f]{64})$/m.exec(first.stdout)?.[1];
  expect(digest).toBeDefined();
  expect(first.stdout).toContain(`precomputed://${join(folder, "demo-output/segmentation")}`);
  expect(first.stdout).toMatch(/neuroglancer.*#!%7B/);
  expect(first.stdout).toMatch(/axonloom run my-volume\.yml/);
  expect(existsSync(join(folder, "demo-output/demo.yml"))).toBe(true);
  const second = await axonloom(["demo"], folder);
  expect(second.code, second.stderr).toBe(0);
  expect(second.stdout).toMatch(/8 subvolumes from checkpoints/);
  expect(second.stdout).toContain(digest);
  expect(second.stderr).not.toMatch(/^phantom/m);
});
