import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { evaluateVolumes } from "./evaluate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evaluate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A raw volume of 6 × 5 × 4 voxels (x, y, z), labels 1…modulus. */
function volume(name: string, modulus: number, query = "", dtype = "uint8"): string {
  writeFileSync(
    join(folder, name),
    Uint8Array.from({ length: 120 }, (_, i) => 1 + (Math.floor(i / 7) % modulus)),
  );
  return `raw://${join(folder, name)}?shape=6,5,4&dtype=${dtype}${query}`;
}

test("any block size gives the same bits", async () => {
  const request = { groundTruth: volume("a", 5), segmentation: volume("b", 3) };
  const whole = await evaluateVolumes(request);
  expect(whole).toMatchObject({ voxels: 120, warnings: [] });
  for (const blockSize of [
    [1, 1, 1],
    [3, 2, 5],
    [4, 5, 6],
  ] as const) {
    expect(await evaluateVolumes({ ...request, blockSize })).toEqual(whole);
  }
});

test("volumes of different extent: the common part, with a warning; none in common is an error", async () => {
  const groundTruth = volume("a", 5);
  const shifted = await evaluateVolumes({ groundTruth, segmentation: volume("b", 5, "&offset=2,1,0") });
  expect(shifted.voxels).toBe(4 * 4 * 4);
  expect(shifted.warnings).toEqual([expect.stringContaining("compared x 2..6, y 1..5, z 0..4")]);
  const strict = evaluateVolumes({ groundTruth, segmentation: volume("b", 5, "&offset=2,1,0"), strict: true });
  await expect(strict).rejects.toThrow(/differ in extent.*crop one/);
  await expect(evaluateVolumes({ groundTruth, segmentation: volume("b", 5, "&offset=6,0,0") })).rejects.toMatchObject({
    code: "E_EVALUATE",
  });
});

test("float32 is no labels", async () => {
  writeFileSync(join(folder, "f"), new Uint8Array(480));
  const segmentation = `raw://${join(folder, "f")}?shape=6,5,4&dtype=float32`;
  await expect(evaluateVolumes({ groundTruth: volume("a", 5), segmentation })).rejects.toMatchObject({ code: "E_DTYPE" });
});
