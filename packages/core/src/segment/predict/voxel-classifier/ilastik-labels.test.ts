// Strokes of ilastik land where they were drawn, whatever the order of axes; projects from which nothing can be learned are refused.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeProject } from "../ilastik/projects.suite.ts";
import { readDrawnLabels } from "./ilastik-labels.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-drawn-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface DrawnBlock {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly slice: string;
  /** Keys of the axes, in newer projects. */
  readonly axes?: string;
}

const tags = (axes: string) => JSON.stringify({ axes: [...axes].map((key) => ({ key })) });
let count = 0;
/** A project with these blocks of labels, by lane. */
async function project(axes: string, lanes: readonly (readonly DrawnBlock[])[]): Promise<string> {
  const path = join(folder, `${count++}.ilp`);
  await writeProject(path, {
    ilastikVersion: "1.4.0",
    "Input Data/infos/lane0000/Raw Data/axistags": tags(axes),
    "PixelClassification/LabelNames": ["membrane", "inside"],
  });
  const { File } = await import("h5wasm/node");
  const file = new File(path, "a");
  const sets = file.create_group("PixelClassification/LabelSets");
  for (const [lane, blocks] of lanes.entries()) {
    const group = sets.create_group(`labels00${lane}`);
    for (const [k, { shape, data, slice, axes: own }] of blocks.entries()) {
      const dataset = group.create_dataset({ name: `block000${k}`, data: Uint8Array.from(data), shape: [...shape] });
      dataset.create_attribute("blockSlice", slice);
      if (own !== undefined) dataset.create_attribute("axistags", tags(own));
    }
  }
  file.close();
  return path;
}

/** [z, y, x, label] of each. */
async function drawn(path: string): Promise<number[][]> {
  const { places, labels } = await readDrawnLabels(path);
  return places.map((place, i) => [...place, labels[i]!]);
}

test("z, y, x with a channel that the image has not; several blocks", async () => {
  const first = { shape: [1, 2, 2, 1], data: [0, 1, 2, 0], slice: "[5:6,10:12,20:22,0:1]" };
  const second = { shape: [2, 1, 1, 1], data: [0, 2], slice: "[7:9,1:2,3:4,0:1]" };
  const path = await project("zyx", [[first, second], []]);
  expect(await drawn(path)).toEqual([
    [5, 10, 21, 1],
    [5, 11, 20, 2],
    [8, 1, 3, 2],
  ]);
  expect((await readDrawnLabels(path)).names).toEqual(["membrane", "inside"]);
});

test("axes of the block come first, then those of the image", async () => {
  const block = { shape: [1, 2, 3], data: [0, 0, 1, 2, 0, 0], slice: "[4:5,6:8,1:4]" };
  expect(await drawn(await project("xyz", [[block]]))).toEqual([
    [3, 6, 4, 1],
    [1, 7, 4, 2],
  ]);
  const newer = { shape: [1, 1, 2, 3, 1], data: [0, 0, 1, 2, 0, 0], slice: "[0:1,4:5,6:8,1:4,0:1]", axes: "tzyxc" };
  expect(await drawn(await project("xyz", [[newer]]))).toEqual([
    [4, 6, 3, 1],
    [4, 7, 1, 2],
  ]);
  expect(await drawn(await project("yx", [[{ shape: [1, 2, 1], data: [2, 0], slice: "[3:4,8:10,0:1]" }]]))).toEqual([[0, 3, 8, 2]]);
});

const one: DrawnBlock = { shape: [1, 1, 1, 1], data: [1], slice: "[0:1,0:1,0:1,0:1]" };
test.each<[string, string, DrawnBlock[][], string, RegExp]>([
  ["no labels", "zyx", [[], []], "E_TRAIN", /found none; draw some/],
  ["erased labels", "zyx", [[{ ...one, data: [0] }]], "E_TRAIN", /only erased ones/],
  ["labels of two images", "zyx", [[one], [one]], "E_TRAIN", /labels of 2 images/],
  ["labels at a later time", "tzyx", [[{ ...one, slice: "[3:4,0:1,0:1,0:1]" }]], "E_TRAIN", /several along t/],
  ["a place that does not fit", "zyx", [[{ ...one, slice: "[0:1,0:2,0:1,0:1]" }]], "E_SOURCE_DAMAGED", /found \[0:1,0:2,0:1,0:1\]/],
  ["axes that do not fit", "zyx", [[{ shape: [1], data: [1], slice: "[0:1]" }]], "E_SOURCE_DAMAGED", /for 1 dimensions/],
])("%s: refused", async (_, axes, lanes, code, message) => {
  const path = await project(axes, lanes);
  await expect(readDrawnLabels(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("no project of pixel classification", async () => {
  const path = join(folder, "other.ilp");
  await writeProject(path, { ilastikVersion: "1.4.0" });
  await expect(readDrawnLabels(path)).rejects.toMatchObject({ code: "E_SOURCE_UNSUPPORTED" });
  await expect(readDrawnLabels(join(folder, "none.ilp"))).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
});
