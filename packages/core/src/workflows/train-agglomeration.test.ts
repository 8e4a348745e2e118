import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countVotes } from "@axonloom/kernels";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATA } from "../real-data.suite.ts";
import { parseOpenCvForest } from "../segment/agglomerate/neuroproof/opencv-forest.ts";
import { stepOf } from "../segment/default-steps.ts";
import { createVolume, publishVolume } from "../store/index.ts";
import type { VoxelArray } from "../volume/block.ts";
import { trainAgglomeration } from "./train-agglomeration.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-train-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function volume(name: string, data: VoxelArray, dtype: "uint8" | "uint32" | "float32"): Promise<string> {
  const source = `npy://${join(folder, name)}.npy`;
  const bounds = { start: [0, 0, 0], stop: [4, 10, 10] } as const;
  const store = await createVolume(source, { dtype, kind: "image", bounds, voxelSizeNm: [1, 1, 1] });
  await store.write(bounds, { data, shape: [4, 10, 10] });
  await publishVolume(source);
  return source;
}

const indices = Array.from({ length: 400 }, (_, i) => i);
const x = (i: number) => i % 10;
const y = (i: number) => Math.floor(i / 10) % 10;
/** Supervoxels: columns of 1 × 2 voxels, 50 of them; bodies: their halves in x. */
const columns = () => Uint32Array.from(indices, (i) => 1 + x(i) + 10 * (y(i) >> 1));
const halves = () => Uint32Array.from(indices, (i) => 1 + (x(i) >= 5 ? 1 : 0));
/** Membrane between the halves, and enough of a pattern that no two contacts are alike. */
const wall = () =>
  Uint8Array.from(indices, (i) => (x(i) === 4 || x(i) === 5 ? 180 : 20) + (Math.imul(i * i + 1, 0x9e3779b1) >>> 26));

test("a small volume: what is learned, warned of and refused", async () => {
  const supervoxels = await volume("columns", columns(), "uint32");
  const groundTruth = await volume("halves", halves(), "uint32");
  const membrane = await volume("wall", wall(), "uint8");
  const destination = join(folder, "small.xml");
  const request = { supervoxels, groundTruth, predictions: [membrane], destination, trees: 31 };
  const trained = await trainAgglomeration(request);
  // 5 rows of 10 columns: 45 contacts in x, 40 in y; 5 of them across the wall
  expect(trained).toMatchObject({ channels: 1, features: 35, trees: 31, rows: 85, different: 5, warnings: [] });
  expect(trained.importance.reduce((sum, { part }) => sum + part, 0)).toBeCloseTo(1, 9);
  expect((await readdir(folder)).filter((name) => name.startsWith("small"))).toEqual(["small.xml"]);

  const again = { ...request, destination: join(folder, "again.xml") };
  await trainAgglomeration(again);
  expect(await readFile(again.destination)).toEqual(await readFile(destination));
  await trainAgglomeration({ ...request, destination: join(folder, "seed.xml"), seed: 2 });
  expect(await readFile(join(folder, "seed.xml"))).not.toEqual(await readFile(destination));

  const other = { ...request, destination: join(folder, "other.xml") };
  await expect(trainAgglomeration(request)).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
  await expect(trainAgglomeration({ ...other, destination: "a.h5" })).rejects.toMatchObject({ code: "E_USAGE" });
  await expect(trainAgglomeration({ ...other, predictions: [] })).rejects.toMatchObject({ code: "E_USAGE" });
  await expect(trainAgglomeration({ ...other, mitochondria: { channel: 1, threshold: 0.35 } })).rejects.toMatchObject({
    code: "E_USAGE",
    message: /below 1, .* found 1/,
  });
  await expect(trainAgglomeration({ ...other, groundTruth: supervoxels })).rejects.toMatchObject({
    code: "E_TRAIN",
    message: /edges of both kinds/,
  });
  const nan = Float32Array.from(wall(), (p, i) => (i === 123 ? Number.NaN : p / 255));
  await expect(trainAgglomeration({ ...other, predictions: [await volume("nan", nan, "float32")] })).rejects.toMatchObject({
    code: "E_TRAIN",
    message: /found NaN at x 3, y 2, z 1/,
  });
  await expect(trainAgglomeration({ ...other, groundTruth: await volume("real", nan, "float32") })).rejects.toMatchObject({
    code: "E_DTYPE",
  });
});

test("predictions made by a step, several channels, a part of the volume", async () => {
  const supervoxels = await volume("columns2", columns(), "uint32");
  const groundTruth = await volume("halves2", halves(), "uint32");
  const membrane = await volume("wall2", wall(), "uint8");
  const gray = await volume(
    "gray2",
    wall().map((p) => 255 - p),
    "uint8",
  );
  const common = { supervoxels, groundTruth, trees: 11 };
  const step = stepOf("naive_membrane_predictions", { range: [0, 255] });
  await trainAgglomeration({ ...common, predictions: { gray, step }, destination: join(folder, "step.xml") });
  await trainAgglomeration({ ...common, predictions: [membrane], destination: join(folder, "map.xml") });
  expect(await readFile(join(folder, "step.xml"))).toEqual(await readFile(join(folder, "map.xml")));
  const box = { start: [1, 0, 0], stop: [9, 10, 10] } as const;
  const two = await trainAgglomeration({
    ...common,
    box,
    predictions: [membrane, gray],
    mitochondria: { channel: 1, threshold: 0.95 },
    destination: join(folder, "two.xml"),
  });
  expect(two).toMatchObject({ channels: 2, features: 66, warnings: [expect.stringMatching(/differ in extent/)] });
});

describe.skipIf(!existsSync(join(DATA, "gala")))("gala", () => {
  const gala = (name: string) => join(DATA, "gala", `train-${name}.npy.gz`);
  const request = { supervoxels: gala("ws"), predictions: [gala("p1")], groundTruth: gala("gt") };

  test("865 edges, 394 of them the same; out-of-bag error of at most 0.04", async () => {
    const trained = await trainAgglomeration({ ...request, destination: join(folder, "gala.xml") });
    expect([trained.rows, trained.different]).toEqual([865, 471]);
    expect(trained.out_of_bag_error).toBeLessThanOrEqual(0.04);
  });

  test("further iterations add what comes up while segments are merged; strategies differ in what they keep", async () => {
    const rows: number[] = [];
    for (const strategy of [1, 2, 3] as const) {
      const destination = join(folder, `strategy-${strategy}.xml`);
      const trained = await trainAgglomeration({ ...request, destination, strategy, iterations: 2, trees: 41 });
      rows.push(trained.rows);
      const forest = parseOpenCvForest(await readFile(destination), destination);
      expect(forest.roots.length).toBe(41);
      expect(countVotes(forest, new Float32Array(35))).toBeLessThanOrEqual(41);
    }
    const [wrongOnly, all, fresh] = rows as [number, number, number];
    expect(wrongOnly).toBeGreaterThanOrEqual(865);
    expect(wrongOnly).toBeLessThan(all);
    expect(fresh).toBeLessThan(865);
  });
});

test("a destination that cannot be written", async () => {
  await writeFile(join(folder, "file"), "");
  const supervoxels = await volume("columns3", columns(), "uint32");
  const groundTruth = await volume("halves3", halves(), "uint32");
  const predictions = [await volume("wall3", wall(), "uint8")];
  await expect(
    trainAgglomeration({ supervoxels, groundTruth, predictions, destination: join(folder, "file", "a.xml"), trees: 3 }),
  ).rejects.toMatchObject({ code: "E_WRITE_FAILED" });
});
