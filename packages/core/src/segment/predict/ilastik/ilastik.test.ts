// Reads projects of every kind that can be run, and says before a run what is wrong with others; small projects, written here.
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Box } from "../../../geometry/box.ts";
import { defaultSteps, stepOf } from "../../default-steps.ts";
import { needsOfPredictions } from "../../needs.ts";
import { checkStep, pluginFingerprint, resolveStep } from "../../plugins.ts";
import { contextOf } from "../../step-input.suite.ts";
import type { PlanGeometry, Predictions } from "../../types.ts";
import { readIlastikProject } from "./project.ts";
import { forestGroup, projectEntries, writeProject } from "./projects.suite.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-ilastik-"));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
type Entries = Parameters<typeof writeProject>[1];
async function project(changes: Entries = {}): Promise<string> {
  const path = join(folder, `project-${count++}.ilp`);
  await writeProject(path, { ...projectEntries(), ...changes });
  return path;
}
const FORESTS = "PixelClassification/ClassifierForests";
const without = (prefix: string): Entries =>
  Object.fromEntries(Object.keys(projectEntries()).flatMap((key) => (key.startsWith(prefix) ? [[key, undefined]] : [])));
const stepWith = (ilp_path: string, more: object = {}) => stepOf("ilastik_predict_with_array", { ilp_path, ...more });
const check = (ilp_path: string, more: object = {}) => checkStep(stepWith(ilp_path, more), "predict-voxels");

test("what a project says", async () => {
  const model = await readIlastikProject(await project(), null);
  expect(model).toMatchObject({ channels: 1, outputs: 3, classChannels: [0, 2], doubt: null });
  expect(model.features.set).toEqual({
    engine: "vigra",
    recipe: "presmoothed",
    features: [
      { filter: "GaussianSmoothing", sigma: 0.7, flat: false },
      { filter: "GaussianSmoothing", sigma: 1, flat: false },
    ],
  });
});

test.each([
  ["1.0.0", "vigra", null],
  ["1.1.9rc1", "vigra", null],
  ["1.2.2rc3", "fastfilters", /written by ilastik 1.2.2rc3.*taken: fastfilters.*parameter engine/],
  ["1.3.3post3", "fastfilters", null],
  ["1.4.0b11", "fastfilters", null],
])("ilastik %s filters with %s", async (ilastikVersion, engine, doubt) => {
  const path = await project({ ilastikVersion });
  const model = await readIlastikProject(path, null);
  expect(model.features.set.engine).toBe(engine);
  if (doubt === null) expect(model.doubt).toBeNull();
  else expect(model.doubt).toMatch(doubt);
  const other = engine === "vigra" ? "fastfilters" : "vigra";
  expect(await readIlastikProject(path, other)).toMatchObject({ features: { set: { engine: other } }, doubt: null });
});

test("2-D: by scale, or all where the trained images are", async () => {
  const flat = async (changes: Entries) => {
    const { features } = await readIlastikProject(await project(changes), null);
    return features.set.features.map((feature) => feature.flat);
  };
  expect(await flat({ "FeatureSelections/ComputeIn2d": Int8Array.of(0, 1) })).toEqual([false, true]);
  const raw = "Input Data/infos/lane0000/Raw Data";
  expect(await flat({ [`${raw}/axistags`]: '{"axes": [{"key": "y"}, {"key": "x"}]}' })).toEqual([true, true]);
  expect(await flat({ [`${raw}/shape`]: Int32Array.of(1, 50, 60) })).toEqual([true, true]);
  expect(await flat({ [`${raw}/shape`]: Int32Array.of(9, 50, 60) })).toEqual([false, false]);
  expect(await flat({ [`${raw}/axistags`]: undefined, [`${raw}/axisorder`]: "yx" })).toEqual([true, true]);
  expect(await flat({ [`${raw}/axistags`]: undefined })).toEqual([false, false]);
});

test("other places of the forests, and older files without labels", async () => {
  const single = { ...without(`${FORESTS}/Forest0000`), ...forestGroup(`${FORESTS}/forest`, 2) };
  for (const name of ["VigraRfLazyflowClassifier", "VigraRfPixelwiseClassifier"]) {
    const pickled = `clazyflow.classifiers.x\n${name}\np1\n.`;
    expect((await readIlastikProject(await project({ ...single, [`${FORESTS}/pickled_type`]: pickled }), null)).outputs).toBe(3);
  }
  const old = { [`${FORESTS}/known_labels`]: undefined, [`${FORESTS}/pickled_type`]: undefined };
  expect((await readIlastikProject(await project(old), null)).classChannels).toEqual([0, 1]);
  const second = forestGroup(`${FORESTS}/Forest0001`, 2);
  expect((await readIlastikProject(await project(second), null)).forest.sizes).toEqual(Int32Array.of(1, 1));
});

const names = (first: string) => ({ [`${FORESTS}/feature_names`]: [first, "Gaussian Smoothing (σ=1.0)"] });
test.each<[string, Entries, string, RegExp]>([
  [
    "no project",
    { ilastikVersion: undefined },
    "E_SOURCE_UNSUPPORTED",
    /expected a project of ilastik, found an HDF5 file without/,
  ],
  ["0.5", { ilastikVersion: 0.5, workflowName: undefined }, "E_SOURCE_UNSUPPORTED", /project of ilastik 0.5/],
  [
    "workflow",
    { workflowName: "AutocontextTwoStage" },
    "E_SOURCE_UNSUPPORTED",
    /found AutocontextTwoStage; only Pixel Classification/,
  ],
  ["untrained", without(FORESTS), "E_SOURCE_UNSUPPORTED", /holds no trained classifier/],
  ["no forests", without(`${FORESTS}/Forest0000`), "E_SOURCE_UNSUPPORTED", /holds no trained classifier/],
  ["no trees", without(`${FORESTS}/Forest0000/Tree_0`), "E_SOURCE_DAMAGED", /one without trees/],
  [
    "classifier",
    { [`${FORESTS}/pickled_type`]: "clazyflow.classifiers.x\nSklearnLazyflowClassifier\np1\n." },
    "E_SOURCE_UNSUPPORTED",
    /found the classifier SklearnLazyflowClassifier/,
  ],
  [
    "feature",
    { "FeatureSelections/FeatureIds": ["GaussianSmoothing2", "b"] },
    "E_SOURCE_UNSUPPORTED",
    /expected features among GaussianSmoothing.*found GaussianSmoothing2/,
  ],
  ["no features", without("FeatureSelections"), "E_SOURCE_UNSUPPORTED", /no features are selected/],
  ["external", { "FeatureSelections/FeatureListFilename": "f.json" }, "E_SOURCE_UNSUPPORTED", /features from other files/],
  [
    "matrix",
    { "FeatureSelections/Scales": Float64Array.of(1) },
    "E_SOURCE_DAMAGED",
    /selection of 2 features × 1 scales, found 2 × 2/,
  ],
  [
    "columns",
    { "FeatureSelections/SelectionMatrix": Int8Array.of(1, 1, 1, 0) },
    "E_SOURCE_DAMAGED",
    /5 columns a channel, but its forest has 2/,
  ],
  [
    "channels",
    { "FeatureSelections/SelectionMatrix": Int8Array.of(1, 0, 0, 0) },
    "E_CONFIG_INVALID",
    /trained on 1 channel \(grey values\), found one trained on 2/,
  ],
  ["labels", { [`${FORESTS}/known_labels`]: Uint32Array.of(1, 4) }, "E_SOURCE_DAMAGED", /2 known labels from 1 to 3, found 1, 4/],
  [
    "names",
    names("Gaussian Smoothing (σ=0.3)"),
    "E_SOURCE_DAMAGED",
    /column 0 of its forest: expected the feature Gaussian Smoothing \(σ=0.7\), found Gaussian Smoothing \(σ=0.3\)/,
  ],
])("refused before the run: %s", async (_, changes, code, message) => {
  await expect(check(await project(changes))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("files: missing, foreign, truncated", async () => {
  await expect(check(join(folder, "gone.ilp"))).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  await writeFile(join(folder, "text.ilp"), "no project");
  await expect(check(join(folder, "text.ilp"))).rejects.toThrow(/expected an HDF5 file/);
  const bytes = await readFile(await project());
  await writeFile(join(folder, "cut.ilp"), bytes.subarray(0, bytes.length >> 1));
  await expect(check(join(folder, "cut.ilp"))).rejects.toMatchObject({
    code: "E_SOURCE_DAMAGED",
    message: expect.stringMatching(/truncated/),
  });
});

test("parameters", async () => {
  const path = await project(names("Gaussian Smoothing (σ=0.7)"));
  await expect(
    check(path, { selected_channels: [[0, 2], 1], LAZYFLOW_THREADS: 4, logfile: "/x", extra_cmdline_args: [] }),
  ).resolves.toBeUndefined();
  await expect(check(path, { selected_channels: [0, 3] })).rejects.toThrow(
    /selected_channels: expected channels from 0 to 2, found 3/,
  );
  await expect(check(path, { extra_cmdline_args: ["--debug"] })).rejects.toThrow(/ilastik itself is not run/);
  await expect(check(path, { ilp_pth: path })).rejects.toThrow(/did you mean ilp_path/);
  await expect(check(path, { engine: "vigna" })).rejects.toMatchObject({ code: "E_CONFIG_INVALID" });
  const two = (stage_2_ilp_path: string) => stepOf("two_stage_voxel_predictions", { stage_1_ilp_path: path, stage_2_ilp_path });
  await expect(checkStep(two(path), "predict-voxels")).rejects.toThrow(
    /trained on 3 channels \(the classes of .*\), found one trained on 1/,
  );
});

test("the original's dotted names mean the same", async () => {
  const path = await project();
  for (const name of ["plugins.ilastik_predict_with_array", "plugins.IlastikSegmentor.ilastik_predict_with_array"]) {
    const step = { ...stepWith(path), function: `DVIDSparkServices.reconutils.${name}` };
    expect((await resolveStep(step, "predict-voxels")).builtIn?.name).toBe("ilastik_predict_with_array");
  }
});

test("a changed project changes the fingerprint, and is read again", async () => {
  const path = await project();
  const before = await pluginFingerprint(stepWith(path));
  const run = async () => {
    const { run: predict, parameters } = await resolveStep(stepWith(path, { normalize: false }), "predict-voxels");
    const input = { ...contextOf([6, 6, 6], parameters), gray: new Uint8Array(216).fill(200), mask: null };
    return (await (predict as (input: unknown) => Promise<Predictions>)(input)).data.slice(0, 3);
  };
  expect(await run()).toEqual(Float32Array.of(0, 0, 1));
  await copyFile(await project({ [`${FORESTS}/known_labels`]: Uint32Array.of(1, 2) }), path);
  expect(await pluginFingerprint(stepWith(path))).not.toEqual(before);
  expect(await run()).toEqual(Float32Array.of(0, 1, 0));
});

const cube = (start: number, stop: number): Box => ({ start: [start, start, start], stop: [stop, stop, stop] });

test("the volume's edge is mirrored: what lies beyond is no grey value", async () => {
  const { run: predict, parameters } = await resolveStep(stepWith(await project(), { normalize: true }), "predict-voxels");
  const gray = new Uint8Array(8 ** 3).fill(200);
  for (let i = 0; i < gray.length; i++) if (i % 8 >= 6) gray[i] = 0; // padding
  const volume = { source: "raw://none", bounds: { start: [0, 0, 0], stop: [8, 8, 6] } };
  const input = { ...contextOf([8, 8, 8], parameters), gray, mask: null, volume };
  const { data } = await (predict as (input: unknown) => Promise<Predictions>)(input);
  const third = Math.fround(1 / 3);
  for (let i = 0; i < gray.length; i++) {
    expect(Array.from(data.subarray(3 * i, 3 * i + 3))).toEqual(i % 8 < 6 ? [0, 0, 1] : [third, third, third]);
  }
});

test("before a run: memory, a halo beyond the border, subvolumes that are too thin", async () => {
  const path = await project();
  const geometry: PlanGeometry = { shape: [100, 100, 100], border: [20, 20, 20], bounds: cube(0, 100), boxes: [cube(0, 100)] };
  const needs = (more: object, place: Partial<PlanGeometry> = {}) =>
    needsOfPredictions(
      { class: "Segmentor", configuration: { ...defaultSteps(), "predict-voxels": stepWith(path, more) } },
      { ...geometry, ...place },
    );
  const plain = await needs({ selected_channels: [0, 2] });
  expect(plain).toMatchObject({ channels: 2, warnings: [] });
  expect(plain!.bytes).toBeGreaterThan(8e6);
  expect(plain!.bytes).toBeLessThanOrEqual((4 * 2 + 8) * 1e6 + 2 ** 24); // small subvolumes get 16 MiB
  const large = await needs({ selected_channels: [0, 2] }, { shape: [552, 552, 552], bounds: cube(0, 552), boxes: [cube(0, 552)] });
  expect(large!.bytes).toBeLessThanOrEqual((4 * 2 + 8) * 552 ** 3);
  const narrow = { border: [4, 4, 4] } as const;
  expect((await needs({}, narrow))!.warnings).toEqual([expect.stringMatching(/sees 6 voxels.*border of 4: without context/)]);
  expect((await needs({ context: true }, narrow))!.warnings).toEqual([expect.stringMatching(/with context: true it sees them/)]);
  await expect(needs({}, { bounds: cube(0, 4) })).rejects.toMatchObject({
    code: "E_PARTITION",
    message: expect.stringMatching(/at least 5 × 5 × 5 voxels .* has 4 × 4 × 4/),
  });
});
