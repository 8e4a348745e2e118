// Training of voxel classifiers: what is learned from each kind of labels, the same bytes for the same seed, what is refused; a phantom's membranes
// are found better than by grey values alone.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Box, boxOfShape, shapeOf } from "../geometry/box.ts";
import { phantomBlock } from "../phantom/index.ts";
import { DATA } from "../real-data.suite.ts";
import { parseParameters } from "../segment/parameters.ts";
import { predictImage } from "../segment/predict/ilastik/predict.ts";
import { readVoxelClassifier } from "../segment/predict/voxel-classifier/file.ts";
import { readDrawnLabels } from "../segment/predict/voxel-classifier/ilastik-labels.ts";
import { predictVoxelsWithModel, voxelModelParameters } from "../segment/predict/voxel-classifier/plugin.ts";
import { contextOf } from "../segment/step-input.suite.ts";
import { createVolume, publishVolume } from "../store/index.ts";
import { crop, type VoxelArray } from "../volume/block.ts";
import { type TrainVoxelsRequest, trainVoxels } from "./train-voxels.ts";
import { readBoundaryLabels } from "./voxel-labels.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-train-voxels-"));
});
afterAll(() => rm(folder, { recursive: true }));

const WHOLE = boxOfShape([40, 48, 56]);
const LOWER: Box = { start: [0, 0, 0], stop: [20, 48, 56] };
const phantom = phantomBlock({ seed: 3 }, WHOLE);

async function volume(name: string, data: VoxelArray, dtype: "uint8" | "uint64" | "float32", bounds = WHOLE): Promise<string> {
  const source = `npy://${join(folder, name)}.npy`;
  const store = await createVolume(source, { dtype, kind: "image", bounds, voxelSizeNm: [1, 1, 1] });
  await store.write(bounds, { data, shape: shapeOf(bounds) } as never);
  await publishVolume(source);
  return source;
}
const gray = async () => await volume("gray", phantom.gray, "uint8").catch(() => `npy://${join(folder, "gray")}.npy`);
let names = 0;
const file = () => join(folder, `${names++}.axvoxels.json`);

/** How well numbers tell membranes (high) from the inside of bodies: area under the ROC curve, by ranks. */
function separation(p: (i: number) => number, kinds: (i: number) => number, length: number): number {
  const of = (kind: number) =>
    Array.from({ length }, (_, i) => i)
      .filter((i) => kinds(i) === kind)
      .filter((_, k) => k % 7 === 0)
      .map(p);
  const [high, low] = [of(1), of(2).sort((a, b) => a - b)];
  const below = (value: number, orEqual: boolean) => {
    let [from, to] = [0, low.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (orEqual ? low[middle]! <= value : low[middle]! < value) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  return high.reduce((sum, p1) => sum + below(p1, false) + below(p1, true), 0) / (2 * high.length * low.length);
}

describe("a phantom, trained on its lower half", () => {
  let request: TrainVoxelsRequest;
  beforeAll(async () => {
    const boundaryOf = await volume("truth", phantom.truth, "uint64");
    request = {
      ...{ gray: await gray(), labels: { boundaryOf }, box: LOWER, destination: file(), samples: 1500, trees: 30 },
      features: (["GaussianSmoothing", "LaplacianOfGaussian", "HessianOfGaussianEigenvalues"] as const).map((filter) => ({
        ...{ filter, sigma: 1.6, flat: false },
      })),
    };
  });

  test("finds the membranes of the upper half better than grey values do; block size and mask do not matter", async () => {
    const trained = await trainVoxels(request);
    expect(trained.classes.map(({ name, samples }) => [name, samples])).toEqual([
      ["membrane", 1500],
      ["inside", 1500],
    ]);
    for (const { out_of_bag_error: error } of trained.classes) expect(error).toBeLessThan(0.25);
    expect(trained.out_of_bag_error).toBeGreaterThan(0);
    expect(trained.importance.map(({ feature }) => feature).sort()).toEqual([
      "GaussianSmoothing 1.6",
      "HessianOfGaussianEigenvalues 1.6",
      "LaplacianOfGaussian 1.6",
    ]);
    expect(trained.importance.reduce((sum, { part }) => sum + part, 0)).toBeCloseTo(1, 9);

    const { kinds } = await labelsOfUpperHalf();
    const model = await readVoxelClassifier(request.destination);
    const p = await predictImage(model, { data: phantom.gray, shape: shapeOf(WHOLE), channels: 1 });
    const half = kinds.length;
    const learned = separation(
      (i) => p[2 * (half + i)]!,
      (i) => kinds[i]!,
      half,
    );
    const dark = separation(
      (i) => -phantom.gray[half + i]!,
      (i) => kinds[i]!,
      half,
    );
    expect(learned).toBeGreaterThan(0.95);
    expect(1 - learned).toBeLessThan(0.5 * (1 - dark));

    // the plug-in gives the same, in a subvolume that sees beyond its faces
    const inner: Box = { start: [6, 8, 10], stop: [30, 40, 40] };
    const given = { model: request.destination, selected_channels: [[0], 1] };
    const parameters = parseParameters({ schema: voxelModelParameters }, given, "predict_voxels_with_model", "p") as never;
    const innerGray = crop({ data: phantom.gray, shape: shapeOf(WHOLE) }, WHOLE, inner).data;
    const mask = innerGray.map((g) => (g > 60 ? 1 : 0));
    const input = { ...contextOf(shapeOf(inner), parameters), bordered: inner, core: inner, gray: innerGray, mask };
    const context = { ...input, volume: { source: request.gray, bounds: WHOLE } };
    const result = await predictVoxelsWithModel.run(context);
    expect(result.shape).toEqual([24, 32, 30, 2]);
    let compared = 0;
    for (let v = 0; v < mask.length; v++) {
      const [z, y, x] = [Math.floor(v / 960) + 6, (Math.floor(v / 30) % 32) + 8, (v % 30) + 10];
      const at = 2 * ((z * 48 + y) * 56 + x);
      if (mask[v] === 0) expect(result.data[2 * v]).toBe(0.5);
      else if (Math.abs(result.data[2 * v]! - p[at]!) > 1e-6) expect([z, y, x, result.data[2 * v]]).toEqual([z, y, x, p[at]]);
      else compared++;
    }
    expect(compared).toBeGreaterThan(mask.length / 2);
  });

  test("equal seeds give equal files, other seeds others", async () => {
    const small = { ...request, samples: 200, trees: 5 };
    const bytes = async (seed: number) => {
      const destination = file();
      await trainVoxels({ ...small, seed, destination });
      return await readFile(destination);
    };
    expect(await bytes(1)).toEqual(await bytes(1));
    expect(await bytes(2)).not.toEqual(await bytes(1));
  });

  async function labelsOfUpperHalf() {
    const upper: Box = { start: [20, 0, 0], stop: [40, 48, 56] };
    return await readBoundaryLabels(`npy://${join(folder, "truth")}.npy`, upper, {});
  }
});

test("labels in a volume: classes by their values, named and chosen; what cannot be learned from", async () => {
  const labels = Uint8Array.from(phantom.gray, (g, i) => (i % 5 > 0 ? 0 : g < 90 ? 9 : g > 160 ? 4 : 7));
  const source = await volume("labels", labels, "uint8");
  const request = { gray: await gray(), labels: source, destination: file(), samples: 300, trees: 5 } as const;
  const features = [{ filter: "GaussianSmoothing", sigma: 0.3, flat: false }] as const;
  const three = await trainVoxels({ ...request, features });
  const counts = [4, 7, 9].map((label) => labels.filter((value) => value === label).length);
  expect(three.classes.map(({ name, labelled }) => [name, labelled])).toEqual([
    ["label 4", counts[0]],
    ["label 7", counts[1]],
    ["label 9", counts[2]],
  ]);
  expect(three.out_of_bag_error).toBeLessThan(0.1); // the rule is in the grey values
  const classes = [
    { label: 9, name: "dark" },
    { label: 4, name: "bright" },
  ];
  const two = await trainVoxels({ ...request, features, classes, destination: file() });
  expect(two.classes.map(({ name }) => name)).toEqual(["dark", "bright"]);
  const model = await readVoxelClassifier(two.destination);
  const shape = [2, 2, 2] as const;
  const p = await predictImage(model, { data: new Uint8Array(8).fill(20), shape, channels: 1 });
  const q = await predictImage(model, { data: new Uint8Array(8).fill(200), shape, channels: 1 });
  expect([p[0]! > p[1]!, q[0]! < q[1]!]).toEqual([true, true]);

  const other = { ...request, features, destination: file() };
  const refused = (change: object, code: string, message: RegExp) =>
    expect(trainVoxels({ ...other, ...change })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  await refused({ destination: request.destination }, "E_DESTINATION_EXISTS", /exists already/);
  await refused({ classes: [...classes, { label: 5, name: "none" }] }, "E_TRAIN", /none: 0/);
  await refused({ classes: classes.slice(1) }, "E_TRAIN", /two or more classes/);
  await refused({ labels: request.gray }, "E_TRAIN", /at most 20 different labels/);
  await refused({ labels: { boundaryOf: source }, classes }, "E_USAGE", /not for boundaries/);
  await refused({ box: { start: [90, 0, 0], stop: [91, 9, 9] } }, "E_TRAIN", /expected a box inside/);
  await refused(
    { features: [{ filter: "StructureTensorEigenvalues", sigma: 0.3, flat: false }] },
    "E_USAGE",
    /undefined in fastfilters/,
  );
  await refused({ features: [] }, "E_USAGE", /at least one feature/);
  const real = await volume("real", Float32Array.from(labels), "float32");
  await refused({ labels: real }, "E_DTYPE", /unsigned integers/);
  await refused({ gray: real }, "E_DTYPE", /uint8/);
  await refused({ features: [{ filter: "GaussianSmoothing", sigma: 90, flat: false }] }, "E_TRAIN", /take smaller sigmas/);
});

describe.skipIf(!existsSync(join(DATA, "ilastik")))("labels drawn in a project of ilastik", () => {
  const project = join(DATA, "ilastik", "tiny-pc.ilp");

  test("tiny-pc.ilp: the 350 voxels that its own forests were trained on", async () => {
    const { names, places, labels } = await readDrawnLabels(project);
    expect(names).toEqual(["Label 1", "Label 2", "Label 3", "Label 4"]);
    // counted with h5py
    expect([1, 2, 3, 4].map((label) => labels.filter((found) => found === label).length)).toEqual([105, 140, 71, 34]);
    expect(new Set(places.map(String)).size).toBe(350);
    const axis = (a: 0 | 1 | 2) => places.map((place) => place[a]);
    expect([Math.min(...axis(0)), Math.max(...axis(0))]).toEqual([124, 128]);
    expect(Math.max(...axis(1), ...axis(2))).toBeLessThan(256);
  });

  test("a volume in which each label has its grey value is learned without an error; one that is too small is refused", async () => {
    const { places, labels } = await readDrawnLabels(project);
    const bounds: Box = { start: [0, 0, 0], stop: [130, 245, 207] };
    const data = new Uint8Array(130 * 245 * 207);
    for (const [i, [z, y, x]] of places.entries()) data[(z * 245 + y) * 207 + x] = 50 * labels[i]!;
    const source = await volume("drawn", data, "uint8", bounds);
    const features = [{ filter: "GaussianSmoothing", sigma: 0.3, flat: false }] as const;
    const request = { gray: source, labels: project, features, trees: 20 };
    const trained = await trainVoxels({ ...request, destination: file() });
    expect(trained.classes.map(({ name, samples }) => [name, samples])).toEqual([
      ["Label 1", 105],
      ["Label 2", 140],
      ["Label 3", 71],
      ["Label 4", 34],
    ]);
    expect(trained.out_of_bag_error).toBeLessThan(0.05);
    await expect(trainVoxels({ ...request, gray: await gray(), destination: file() })).rejects.toMatchObject({
      code: "E_TRAIN",
      message: expect.stringMatching(/outside the grey volume/),
    });
  });
});
