import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boxOfShape, type Vec3, volumeOf } from "../geometry/box.ts";
import { silentLogger } from "../log.ts";
import { defaultSteps, stepOf } from "./default-steps.ts";
import { createSegmentor, segmentorFingerprint } from "./segmentor.ts";
import { randomNumbers, recordingLogger } from "./step-input.suite.ts";
import type { Predictions, SegmentInput, SegmentorConfig, StepConfig, StepName } from "./types.ts";

const example = new URL("../../../../examples/plugins/predict-via-threshold.mjs", import.meta.url).pathname;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-segmentor-"));
  await writeFile(
    join(folder, "steps.mjs"),
    `export const seen = [];
     export function spy(input) { seen.push(Object.keys(input).sort()); return { data: new Uint8Array(input.gray.length), shape: [...input.shape, 1] }; }
     export function throws() { throw new TypeError("my own trouble"); }
     export function nan({ gray, shape }) { return { data: new Float32Array(gray.length).fill(NaN), shape: [...shape, 1] }; }
     export function everywhere({ predictions }) { return new Uint32Array(predictions.data.length).fill(5); }
     export function half({ gray }) { return gray.map((_, i) => (i < gray.length / 2 ? 1 : 0)); }
     export function gaps({ predictions, mask }) { return Uint32Array.from(predictions.data, (_, i) => (mask !== null && mask[i] === 0) ? 0 : 1000 - i % 7); }`,
  );
  await writeFile(
    join(folder, "segmentors.mjs"),
    `export class Whole {
       constructor(configuration) { this.label = configuration.label; }
       async segment({ gray, inside }) { return Uint32Array.from(gray.data, (_, i) => (inside === null || inside[i] ? this.label : 0)); }
       stitch(evidence) { return [...evidence.pairA].map((a, i) => ({ a, b: evidence.pairB[i] })); }
     }
     export class Wrong { segment({ gray }) { return new Uint32Array(gray.data.length).fill(3); } stitch() { return [{ a: 1 }]; } }
     export class Half { segment() { return new Uint32Array(0); } }`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

function config(steps: Partial<Record<StepName, StepConfig>> = {}, name = "Segmentor", more = {}): SegmentorConfig {
  return { class: name, configuration: { ...defaultSteps(), ...steps, ...more } };
}

function inputOf(gray: Uint8Array, shape: Vec3, more: Partial<SegmentInput> = {}): SegmentInput {
  return {
    subvolume: 2,
    bordered: boxOfShape(shape),
    core: boxOfShape(shape),
    voxelSizeNm: [8, 8, 8],
    gray: { data: gray, shape },
    inside: null,
    preserved: null,
    logger: silentLogger,
    signal: new AbortController().signal,
    predictionCache: null,
    ...more,
  };
}

const shape: Vec3 = [3, 4, 9];
/** Two bright cells with a dark wall at x = 4. */
const twoCells = Uint8Array.from({ length: volumeOf(shape) }, (_, i) => (i % 9 === 4 ? 20 : 220));

test("two cells, whatever the name of the segmentor", async () => {
  const names = [
    "Segmentor",
    "DVIDSparkServices.reconutils.Segmentor",
    "DVIDSparkServices.reconutils.Segmentor.Segmentor",
    "DefaultGrayOnly",
    "DVIDSparkServices.reconutils.plugins.DefaultGrayOnly.DefaultGrayOnly",
  ];
  // the wall is as near to both cells; the left one is first in the queue
  const expected = Uint32Array.from({ length: volumeOf(shape) }, (_, i) => (i % 9 <= 4 ? 1 : 2));
  for (const name of names) {
    expect(await (await createSegmentor(config({}, name))).segment(inputOf(twoCells, shape)), name).toEqual(expected);
  }
});

test("outside the volume and in preserved bodies the labels are 0, and numbers stay without gaps", async () => {
  const inside = Uint8Array.from(twoCells, (_, i) => (i % 9 < 2 ? 0 : 1));
  const preserved = Uint8Array.from(twoCells, (_, i) => (i % 9 > 6 ? 1 : 0));
  const labels = await (await createSegmentor(config())).segment(inputOf(twoCells, shape, { inside, preserved }));
  expect(labels).toEqual(Uint32Array.from(twoCells, (_, i) => [0, 0, 1, 1, 1, 2, 2, 0, 0][i % 9]!));
});

test("nothing to segment gives zeros and a warning", async () => {
  const logger = recordingLogger();
  const inside = new Uint8Array(twoCells.length);
  const labels = await (await createSegmentor(config())).segment(inputOf(twoCells, shape, { inside, logger }));
  expect(labels).toEqual(new Uint32Array(twoCells.length));
  expect(logger.lines.join()).toMatch(/warn: seeded_watershed: subvolume 2 has no seed/);
});

test("the example plug-in", async () => {
  const steps = { "predict-voxels": stepOf(`${example}:predict_via_threshold`, { threshold: 90 }) };
  const labels = await (await createSegmentor(config(steps))).segment(inputOf(twoCells, shape));
  expect(labels).toEqual(Uint32Array.from({ length: volumeOf(shape) }, (_, i) => (i % 9 <= 4 ? 1 : 2)));
  const untold = createSegmentor(config({ "predict-voxels": stepOf(`${example}:predict_via_threshold`) }));
  await expect((await untold).segment(inputOf(twoCells, shape))).rejects.toMatchObject({
    code: "E_PLUGIN_FAILED",
    message: expect.stringMatching(/expected a number as parameters\.threshold/),
  });
});

test("a user's function gets what the README lists, and its labels are renumbered", async () => {
  const steps = {
    "background-mask": stepOf(`${folder}/steps.mjs:half`),
    "predict-voxels": stepOf(`${folder}/steps.mjs:spy`),
    "create-supervoxels": stepOf(`${folder}/steps.mjs:gaps`),
  };
  const labels = await (await createSegmentor(config(steps))).segment(inputOf(twoCells, shape));
  expect(labels).toEqual(Uint32Array.from(twoCells, (_, i) => (i < 54 ? 1 + (i % 7) : 0)));
  const { seen } = (await import(join(folder, "steps.mjs"))) as { seen: string[][] };
  const fields = [
    "bordered",
    "core",
    "gray",
    "inside",
    "logger",
    "mask",
    "parameters",
    "shape",
    "signal",
    "subvolume",
    "voxelSizeNm",
  ];
  expect(seen.at(-1)).toEqual(fields);
});

test.each<[StepName, string, string, RegExp]>([
  ["predict-voxels", "throws", "E_PLUGIN_FAILED", /threw TypeError: my own trouble/],
  ["predict-voxels", "nan", "E_PLUGIN_RESULT", /found NaN at x 0, y 0, z 0/],
  ["create-supervoxels", "everywhere", "E_PLUGIN_RESULT", /labels must be 0 where the mask is 0, found 5/],
  ["background-mask", "everywhere", "E_PLUGIN_FAILED", /threw TypeError/],
  ["agglomerate-supervoxels", "everywhere", "E_PLUGIN_RESULT", /labels must be 0 where the mask is 0/],
])("%s by %s fails with %s", async (step, name, code, message) => {
  const inside = Uint8Array.from(twoCells, (_, i) => (i % 9 === 8 ? 0 : 1));
  const segmentor = await createSegmentor(config({ [step]: stepOf(`${folder}/steps.mjs:${name}`) }));
  const error: Error & { code?: string } = await segmentor.segment(inputOf(twoCells, shape, { inside })).then(
    () => new Error("none"),
    (thrown) => thrown,
  );
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(error.message).toContain(`${step} (${folder}/steps.mjs:${name}), subvolume 2 (x 0..9, y 0..4, z 0..3)`);
});

test("predictions are kept and taken from the cache", async () => {
  const kept: Predictions[] = [];
  const cache = { load: async () => kept[0] ?? null, save: async (predictions: Predictions) => void kept.push(predictions) };
  const first = await (await createSegmentor(config())).segment(inputOf(twoCells, shape, { predictionCache: cache }));
  expect(kept.length).toBe(1);
  // the step itself would fail now
  const steps = { "predict-voxels": stepOf(`${folder}/steps.mjs:throws`) };
  const second = await (await createSegmentor(config(steps))).segment(inputOf(twoCells, shape, { predictionCache: cache }));
  expect(second).toEqual(first);
  expect(kept.length).toBe(1);
});

test("an abort ends it with the reason", async () => {
  const controller = new AbortController();
  controller.abort(new Error("stop it"));
  const segmentor = await createSegmentor(config());
  await expect(segmentor.segment(inputOf(twoCells, shape, { signal: controller.signal }))).rejects.toThrow("stop it");
});

test("a user's own segmentor", async () => {
  const whole = await createSegmentor(config({}, `${folder}/segmentors.mjs:Whole`, { label: 77 }));
  const inside = Uint8Array.from(twoCells, (_, i) => (i % 9 === 8 ? 0 : 1));
  expect(await whole.segment(inputOf(twoCells, shape, { inside }))).toEqual(Uint32Array.from(inside));
  const evidence = {
    a: 0,
    b: 1,
    voxels: 9,
    pairA: Uint32Array.of(4),
    pairB: Uint32Array.of(5),
    pairVoxels: Float64Array.of(9),
    planeA: new Uint32Array(0),
    planeB: new Uint32Array(0),
  };
  const policy = {
    algorithm: "medium",
    minimumOverlap: 50,
    liberalOverlap: 1000,
    overlapRatio: 0.9,
    eligibilityPlane: true,
  } as const;
  expect(whole.stitch(evidence, policy)).toEqual([{ a: 4, b: 5 }]);

  const wrong = await createSegmentor(config({}, `${folder}/segmentors.mjs:Wrong`));
  await expect(wrong.segment(inputOf(twoCells, shape, { inside }))).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
  expect(() => wrong.stitch(evidence, policy)).toThrow(/face of subvolumes 0 and 1: expected a list of matches/);
});

test.each([
  ["Segmentator", "E_PLUGIN_NOT_FOUND", /did you mean Segmentor\?/],
  [
    "DVIDSparkServices.reconutils.plugins.precomputedpipeline.precomputedpipeline",
    "E_CONFIG_UNSUPPORTED",
    /options\.segmentor\.class/,
  ],
])("class %s is refused", async (name, code, message) => {
  await expect(createSegmentor(config({}, name))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("classes without what is needed are refused", async () => {
  await expect(createSegmentor(config({}, `${folder}/segmentors.mjs:Half`))).rejects.toThrow(/has no method stitch/);
  await expect(createSegmentor(config({}, `${folder}/segmentors.mjs:None`))).rejects.toThrow(/it exports Half, Whole, Wrong/);
});

test("fingerprints", async () => {
  const base = await segmentorFingerprint(config());
  expect(
    await segmentorFingerprint(config({}, "DefaultGrayOnly", { "create-supervoxels": stepOf("create_supervoxels_with_wsdt") })),
  ).toEqual(base);
  expect(await segmentorFingerprint(config({ "create-supervoxels": stepOf("seeded_watershed", { seed_size: 6 }) }))).not.toEqual(
    base,
  );
  const whole = await segmentorFingerprint(config({}, `${folder}/segmentors.mjs:Whole`));
  expect(whole).toMatchObject({ class: "Whole", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test("labels are 1…n in scan order and the same every time, whatever the steps", async () => {
  const random = randomNumbers(3);
  const big: Vec3 = [14, 15, 16];
  const gray = Uint8Array.from({ length: volumeOf(big) }, () => 1 + random() * 250);
  const choices = [
    config(),
    config({ "create-supervoxels": stepOf("seeded_watershed", { seed_threshold: 0.4, min_segment_size: 20 }) }),
    config({
      "create-supervoxels": stepOf("create_supervoxels_with_wsdt", { minMembraneSize: 5, minSegmentSize: 10, sigmaMinima: 1 }),
      "agglomerate-supervoxels": stepOf("mean_agglomerate", { threshold: 0.45 }),
    }),
  ];
  for (const choice of choices) {
    const labels = await (await createSegmentor(choice)).segment(inputOf(gray, big));
    expect(await (await createSegmentor(choice)).segment(inputOf(gray, big))).toEqual(labels);
    let next = 1;
    for (const label of labels) if (label === next) next++;
    expect(next).toBeGreaterThan(3);
    expect(Math.max(...labels)).toBe(next - 1);
  }
});
