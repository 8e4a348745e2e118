// The file of voxel classifiers is read as it was written and refused when it is damaged, newer, or another file; boundaries by hand.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forestProbabilities } from "@axonloom/kernels";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundaryClasses } from "./boundaries.ts";
import { formatVoxelClassifier, modelOf, parseVoxelClassifier, readVoxelClassifier, type VoxelClassifier } from "./file.ts";
import { predictVoxelsWithModel } from "./plugin.ts";
import { sampleClasses } from "./training.ts";

/** One split on the grey value at 100. */
const classifier: VoxelClassifier = {
  engine: "fastfilters",
  features: [{ filter: "GaussianSmoothing", sigma: 0.7, flat: false }],
  channels: 1,
  classes: ["membrane", "inside"],
  training: { seed: 5, samples: [3, 4], outOfBagErrors: [0.25, 0] },
  forest: {
    columns: 1,
    classes: 2,
    roots: Int32Array.of(0),
    column: Int32Array.of(0, 0, 0),
    threshold: Float32Array.of(100, 0, 0),
    child: Int32Array.of(1, -1, -2),
    leaves: Float32Array.of(1, 0, 0.25, 0.75),
  },
};
const text = formatVoxelClassifier(classifier);
/** Changed, with the checksum that fits. */
function changed(from: string | RegExp, to: string): string {
  const body = text.slice(0, text.indexOf('"sha256"')).replace(from, to);
  return `${body}"sha256": "${createHash("sha256").update(body).digest("hex")}"\n}\n`;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-voxel-classifier-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what is written is read; it is JSON that says what it is", () => {
  expect(parseVoxelClassifier(text, "a")).toEqual(classifier);
  expect(JSON.parse(text)).toMatchObject({ format: "axonloom voxel classifier", version: 1, classes: ["membrane", "inside"] });
  expect((JSON.parse(text) as { forest: { threshold: string } }).forest.threshold).toBe("AADIQgAAAAAAAAAA"); // 100 = 42c80000
  expect(formatVoxelClassifier(parseVoxelClassifier(text, "a"))).toBe(text);
  const { forest } = modelOf(classifier, "a");
  expect([...forestProbabilities(forest, Float32Array.of(99, 100))]).toEqual([1, 0, 0.25, 0.75]);
});

test.each<[string, string, string, RegExp]>([
  ["one character changed", text.replace("membrane", "membrame"), "E_SOURCE_DAMAGED", /checksum/],
  ["cut off", text.slice(0, -30), "E_SOURCE_DAMAGED", /cut off/],
  ["newer", changed('"version": 1', '"version": 2'), "E_SOURCE_UNSUPPORTED", /version 1 of the format, found 2/],
  ["a key too many", changed('"channels": 1,', '"channels": 1,\n"more": 1,'), "E_SOURCE_DAMAGED", /more/],
  ["another filter", changed("GaussianSmoothing", "Laplace"), "E_SOURCE_DAMAGED", /features\.0\.filter/],
  ["features for another forest", changed("GaussianSmoothing", "HessianOfGaussianEigenvalues"), "E_SOURCE_DAMAGED", /columns/],
  ["channels for another forest", changed('"channels": 1', '"channels": 2'), "E_SOURCE_DAMAGED", /1 columns of its forest for 2/],
  ["a tree that never ends", changed(/"child":"[^"]*"/, '"child":"AAAAAAAAAAAAAAAA"'), "E_SOURCE_DAMAGED", /neither at node 0/],
  ["half a number", changed(/"child":"[^"]*"/, '"child":"AAAA"'), "E_SOURCE_DAMAGED", /numbers of 4 bytes/],
  ["other JSON", '{ "format": "something" }', "E_SOURCE_UNSUPPORTED", /another kind of file/],
  ["no text at all", "\u0093NUMPY", "E_SOURCE_UNSUPPORTED", /another kind of file/],
])("%s: refused", async (name, content, code, message) => {
  const path = join(folder, `${name}.json`);
  await writeFile(path, content);
  const expected = { code, message: expect.stringMatching(message), fields: { path } };
  await expect(readVoxelClassifier(path)).rejects.toMatchObject(expected);
  await expect(predictVoxelsWithModel.check({ model: path, selected_channels: null }, "key")).rejects.toMatchObject(expected);
});

test("the plug-in: a file that is not there, a channel that it has not, an identity of its content", async () => {
  const path = join(folder, "good.json");
  await writeFile(path, text);
  const check = (model: string, selected_channels: unknown) => predictVoxelsWithModel.check({ model, selected_channels }, "key");
  await check(path, [0, [0, 1]]);
  await expect(check(join(folder, "none.json"), null)).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  await expect(check(path, [2])).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: expect.stringMatching(/0 to 1, found 2/),
  });
  const identity = await predictVoxelsWithModel.identity({ model: path });
  await writeFile(path, changed("membrane", "edge"));
  expect(await predictVoxelsWithModel.identity({ model: path })).not.toBe(identity);
});

test("boundaries by hand: the two voxels at a contact, nothing near them, inside from three steps on; 0 has no class", () => {
  const row = Uint32Array.of(7, 7, 7, 7, 7, 9, 9, 9, 9, 9, 0, 0);
  expect([...boundaryClasses(row, [1, 1, 12])]).toEqual([2, 2, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0]);
  expect([...boundaryClasses(row, [12, 1, 1])]).toEqual([2, 2, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0]);
  expect([...boundaryClasses(Uint32Array.of(1, 2, 1, 1), [1, 2, 2])]).toEqual([1, 1, 0, 1]);
});

test("a sample: at most so many of each class, spread over all of them, the same for the same seed", () => {
  const kinds = () => Uint8Array.from({ length: 30_000 }, (_, i) => (i % 1000 === 0 ? 2 : i % 3));
  const [before, sample] = [kinds(), kinds()];
  expect(sampleClasses(sample, 2, 500, 1)).toEqual([500, 500]);
  for (const kind of [1, 2]) {
    const places = [...sample.keys()].filter((i) => sample[i] === kind);
    expect(places).toHaveLength(500);
    expect(places.every((i) => before[i] === kind)).toBe(true);
    const upper = places.filter((i) => i >= 15_000).length;
    expect(Math.abs(upper - 250)).toBeLessThan(60); // 5 standard deviations
  }
  const again = kinds();
  sampleClasses(again, 2, 500, 1);
  expect(again).toEqual(sample);
  const other = kinds();
  sampleClasses(other, 2, 500, 2);
  expect(other).not.toEqual(sample);
  const few = Uint8Array.of(1, 0, 2, 1);
  expect([sampleClasses(few, 2, 10, 1), [...few]]).toEqual([
    [2, 1],
    [1, 0, 2, 1],
  ]);
});
