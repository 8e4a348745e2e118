/** `axonloom evaluate-segmentation`: the table, the files, JSON, and how it refuses. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { axonloom, temporaryFolder } from "./harness.ts";

const options = { "chunk-size": 32, "body-threshold": 0, "boundary-size": 0 };

async function volumes(): Promise<string> {
  const folder = temporaryFolder();
  const made = await axonloom(
    ["phantom", "--size", "64,48,32", "--seed", "5", "--gray", "gray.npy", "--truth", "truth.npy"],
    folder,
  );
  expect(made.code).toBe(0);
  return folder;
}

function configure(folder: string, raw: object): void {
  writeFileSync(join(folder, "e.json"), JSON.stringify(raw));
}

test("a table, a folder of results, and the same as JSON", async () => {
  const folder = await volumes();
  configure(folder, { input: { "ground-truth": "truth.npy", segmentation: "truth.npy" }, options, debug: true });
  const run = await axonloom(["evaluate-segmentation", "e.json", "--workers", "1"], folder);
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/^compared +voxels:voxels$/m);
  for (const name of ["merge_vi", "split_vi", "vi", "adapted_rand_error", "cremi_score"]) {
    expect(run.stdout).toMatch(new RegExp(`^${name} +0\\.0000$`, "m"));
  }
  expect(run.stdout).toMatch(/^rand +1\.0000$/m);
  expect(run.stdout).toContain(`results  ${join(folder, "e.evaluation")}`);
  const debug = /^DEBUG: (.*)$/m.exec(run.stdout)![1]!;
  expect(`${debug}\n`).toBe(readFileSync(join(folder, "e.evaluation", "metrics.json"), "utf8"));
  expect(run.stderr).toMatch(/^planned: 4 subvolumes/);

  configure(folder, { input: { "ground-truth": "truth.npy", segmentation: "truth.npy" }, options });
  const again = await axonloom(["evaluate-segmentation", "e.json", "--out", "other", "--json"], folder);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(readFileSync(join(folder, "other", "evaluation.json"), "utf8")));
  expect(existsSync(join(folder, "other", "heat-map", "vi-max.png"))).toBe(true);
});

test("what is wrong ends with code 2, one line, and nothing written", async () => {
  const folder = await volumes();
  const refused = async (raw: object, message: RegExp, ...args: string[]) => {
    configure(folder, raw);
    const { code, stdout, stderr } = await axonloom(["evaluate-segmentation", "e.json", ...args], folder);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
    expect(existsSync(join(folder, "e.evaluation"))).toBe(false);
    expect(existsSync(join(folder, "e.evaluation.run"))).toBe(false);
  };
  const input = { "ground-truth": "truth.npy", segmentation: "truth.npy" };
  await refused({ input, options: { "chunk-sise": 32 } }, /^axonloom: E_CONFIG_INVALID: .*did you mean chunk-size/);
  await refused({ input: { ...input, segmentation: "none.npy" }, options }, /^axonloom: E_SOURCE_NOT_FOUND: .*none\.npy/);
  writeFileSync(join(folder, "zero.raw"), new Uint8Array(64 * 48 * 30));
  const zero = "raw://zero.raw?shape=64,48,30&dtype=uint8";
  await refused({ input: { ...input, "ground-truth": zero }, options }, /E_EVALUATE: .*zero\.raw.*found none/);
  await refused(
    { input: { ...input, segmentation: zero }, options },
    /^axonloom: E_EVALUATE: .*differ in extent.*--strict/,
    "--strict",
  );
});
