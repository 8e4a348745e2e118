/** A convolution, exported here, in the real runtime beside the same convolution written down plainly. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boxOfShape, type Vec3 } from "../../../geometry/box.ts";
import { contextOf, randomNumbers } from "../../step-input.suite.ts";
import { convolutionFile } from "./onnx-file.suite.ts";
import { checkOnnxPredict, onnxPredict, onnxPredictIdentity, onnxPredictNeeds, onnxPredictParameters } from "./onnx-predict.ts";
import { mirrored } from "./tiles.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-onnx-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const shape: Vec3 = [7, 12, 17];
const random = randomNumbers(5);
const gray = Uint8Array.from({ length: 7 * 12 * 17 }, () => Math.floor(random() * 256));
const kernel3 = Array.from({ length: 27 }, () => random() - 0.5);
const kernel2 = Array.from({ length: 9 }, () => random() - 0.5);

/** Convolution (correlation, as networks do) with mirrored faces; `kernel` of 3 or 1 planes. */
function convolved(values: ArrayLike<number>, kernel: readonly number[]): number[] {
  const depth = kernel.length / 9;
  const [nz, ny, nx] = shape;
  const result: number[] = [];
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++) {
        let sum = 0;
        for (let i = 0; i < kernel.length; i++) {
          const dz = depth === 1 ? 0 : Math.floor(i / 9) - 1;
          const [dy, dx] = [Math.floor((i % 9) / 3) - 1, (i % 3) - 1];
          sum += kernel[i]! * values[(mirrored(z + dz, nz) * ny + mirrored(y + dy, ny)) * nx + mirrored(x + dx, nx)]!;
        }
        result.push(sum);
      }
  return result;
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

interface Made {
  readonly weights: Uint8Array;
  readonly yaml: string;
}

function model(name: string, { weights, yaml }: Made): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(join(folder, `${name}.onnx`), weights);
  const sha256 = createHash("sha256").update(weights).digest("hex");
  writeFileSync(path, `type: model\nweights: { onnx: { source: ${name}.onnx, sha256: ${sha256} } }\n${yaml}`);
  return path;
}

const volume = (halo: number, offset: number, post = "{ id: sigmoid }") => `format_version: 0.5.4
inputs:
  - id: raw
    axes:
      - { type: batch }
      - { type: channel, channel_names: [grey] }
      - { type: space, id: z, size: { min: 5, step: 1 } }
      - { type: space, id: y, size: { min: 6, step: 2 } }
      - { type: space, id: x, size: { min: 7, step: 3 } }
    data: { type: float32 }
    preprocessing:
      - { id: scale_linear, kwargs: { gain: 0.01, offset: -1 } }
outputs:
  - id: membranes
    axes:
      - { type: batch }
      - { type: channel, channel_names: [membrane] }
      - { type: space, id: z, halo: ${halo}, size: { tensor_id: raw, axis_id: z, offset: ${offset} } }
      - { type: space, id: y, halo: ${halo}, size: { tensor_id: raw, axis_id: y, offset: ${offset} } }
      - { type: space, id: x, halo: ${halo}, size: { tensor_id: raw, axis_id: x, offset: ${offset} } }
    postprocessing: [${post}]
`;

const plane = (mode: string, post = "[{ name: sigmoid }]") => `format_version: 0.4.10
inputs:
  - { name: raw, axes: bcyx, data_type: float32, shape: { min: [1, 1, 8, 8], step: [0, 0, 4, 4] },
      preprocessing: [{ name: zero_mean_unit_variance, kwargs: { mode: ${mode}, axes: yx } }] }
outputs:
  - { name: out, axes: bcyx, data_type: float32, halo: [0, 0, 1, 1],
      shape: { reference_tensor: raw, scale: [1, 1, 1, 1], offset: [0, 0, 0, 0] }, postprocessing: ${post} }
`;

async function predict(given: Record<string, unknown>, mask: Uint8Array | null = null, inside: Uint8Array | null = null) {
  const parameters = onnxPredictParameters.parse(given);
  await checkOnnxPredict(parameters);
  const { data, shape: found } = await onnxPredict({ ...contextOf(shape, parameters, inside), gray, mask });
  return { data, shape: found };
}

const expected3 = convolved(
  Float32Array.from(gray, (v) => v * 0.01 - 1),
  kernel3,
).map(sigmoid);

function expectClose(found: ArrayLike<number>, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(found[i]! - expected[i]!));
  expect(worst).toBeLessThan(2e-6);
}

test.each([
  ["same size, one halo", 1, 0, 1],
  ["the network cuts off one voxel", 0, -2, 0],
])("three axes: %s; the result does not depend on the blocks", async (name, halo, offset, pad) => {
  const weights = convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad });
  const path = model(name.replaceAll(/\W/g, "-"), { weights, yaml: volume(halo, offset) });
  for (const more of [{}, { block: [5, 6, 7] }, { block: [5, 8, 10], overlap: 1 }, { block: [9, 100, 100], overlap: 2 }]) {
    const { data, shape: found } = await predict({ model: path, ...more });
    expect(found).toEqual([...shape, 1]);
    expectClose(data, expected3);
  }
});

test("two axes: plane by plane, each with its own mean, or all with one", async () => {
  const weights = convolutionFile({ shape: [1, 1, 3, 3], weights: kernel2, pad: 1 });
  const normal = (values: Uint8Array) => {
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    return [...values].map((v) => (v - mean) / (std + 1e-6));
  };
  const planes = Array.from({ length: 7 }, (_, z) => gray.subarray(z * 204, (z + 1) * 204));
  const each = await predict({ model: model("each", { weights, yaml: plane("per_sample") }) });
  expectClose(each.data, convolved(planes.flatMap(normal), kernel2).map(sigmoid));
  const joint = await predict({ model: model("joint", { weights, yaml: plane("per_dataset") }), block: [1, 12, 12], overlap: 2 });
  expectClose(joint.data, convolved(normal(gray), kernel2).map(sigmoid));
});

test("channels: softmax over them, and those that are wanted", async () => {
  const two = [...kernel3, ...kernel3.map((v) => 0.5 * v)];
  const weights = convolutionFile({ shape: [2, 1, 3, 3, 3], weights: two, pad: 1 });
  const path = model("channels", { weights, yaml: volume(1, 0, "{ id: softmax, kwargs: { axis: channel } }") });
  const raw = convolved(
    Float32Array.from(gray, (v) => v * 0.01 - 1),
    kernel3,
  );
  const first = raw.map((v) => sigmoid(0.5 * v));
  const both = await predict({ model: path });
  expectClose(
    both.data,
    first.flatMap((p) => [p, 1 - p]),
  );
  expectClose(
    (await predict({ model: path, channels: [1] })).data,
    first.map((p) => 1 - p),
  );
  const geometry = { shape, border: [1, 1, 1] as const, bounds: boxOfShape(shape), boxes: [boxOfShape(shape)] };
  const needs = await onnxPredictNeeds(onnxPredictParameters.parse({ model: path }), geometry);
  expect(needs).toMatchObject({ channels: 2, warnings: [] });
  expect(needs.bytes).toBeGreaterThan(4 * 4 * gray.length);
  const none = await predict({ model: path }, new Uint8Array(gray.length));
  expect(none.shape, "as many channels where nothing is segmented").toEqual([...shape, 2]);
  await expect(predict({ model: path, channels: [2] })).rejects.toThrow(/expected channels 0 to 1, found 2/);
});

test("blocks without a voxel to segment are left out, and voxels outside do not count", async () => {
  const weights = convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad: 1 });
  const path = model("masked", { weights, yaml: volume(1, 0) });
  const mask = Uint8Array.from(gray, (_, i) => (i % 17 < 4 ? 1 : 0));
  const { data } = await predict({ model: path, block: [5, 6, 7] }, mask);
  for (let i = 0; i < data.length; i++) {
    if (mask[i] === 1) expect(data[i]).toBeCloseTo(expected3[i]!, 5);
    else expect(data[i]).toBe(0);
  }
  expect((await predict({ model: path }, new Uint8Array(gray.length))).data.every((v) => v === 0)).toBe(true);
  const inside = Uint8Array.from(gray, (v) => (v > 100 ? 1 : 0));
  const normal = { weights: convolutionFile({ shape: [1, 1, 3, 3], weights: kernel2, pad: 1 }), yaml: plane("per_dataset") };
  const values = [...gray].filter((v) => v > 100);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  const { data: found } = await predict({ model: model("inside", normal) }, null, inside);
  expectClose(
    found,
    convolved(
      [...gray].map((v) => (v - mean) / (std + 1e-6)),
      kernel2,
    ).map(sigmoid),
  );
});

test("voxels of a physical size, and percentiles of the output", async () => {
  const weights = convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad: 1 });
  const post = "{ id: scale_range, kwargs: { min_percentile: 10, max_percentile: 90 } }, { id: clip, kwargs: { min: 0, max: 1 } }";
  const yaml = volume(1, 0, post).replaceAll("type: space,", "type: space, scale: 0.004, unit: micrometer,");
  const { data } = await predict({ model: model("scaled", { weights, yaml }) });
  const raw = convolved(
    Float32Array.from(gray, (v) => v * 0.01 - 1),
    kernel3,
  );
  const sorted = raw.toSorted((a, b) => a - b);
  const at = (percent: number) => {
    const place = (percent / 100) * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return low + (sorted[Math.ceil(place)]! - low) * (place - Math.floor(place));
  };
  expectClose(
    data,
    raw.map((v) => Math.min(1, Math.max(0, (v - at(10)) / (at(90) - at(10) + 1e-6)))),
  );
});

test("the identity follows description and weights", async () => {
  const weights = convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad: 1 });
  const one = await onnxPredictIdentity({ model: model("identity", { weights, yaml: volume(1, 0) }) });
  const other = await onnxPredictIdentity({ model: model("identity", { weights, yaml: volume(2, 0) }) });
  expect(other).not.toBe(one);
});

test.each([
  ["no file", () => join(folder, "nowhere"), /cannot be read/],
  ["a zip file", () => file("a.zip", "PK"), /unpack it/],
  ["weights instead of a description", () => file("w.onnx", "\0\0"), /name the file rdf\.yaml/],
  [
    "an older format",
    () => file("old.yaml", "type: model\nformat_version: 0.3.6\n"),
    /expected format_version 0\.4 or 0\.5, found 0\.3\.6/,
  ],
  [
    "other weights",
    () => file("torch.yaml", "format_version: 0.5.0\nweights: { torchscript: { source: a.pt } }\n"),
    /found torchscript; export/,
  ],
  [
    "weights elsewhere",
    () => file("far.yaml", "format_version: 0.5.0\nweights: { onnx: { source: 'https://x/y.onnx' } }\n"),
    /download them/,
  ],
  ["damaged weights", () => damaged(), /expected a network in ONNX format/],
  ["weights of another model", () => swapped(), /SHA-256/],
  ["an unknown step", () => made(volume(1, 0, "{ id: zscore }")), /expected steps among .*found zscore/],
  ["another scale", () => made(volume(1, 0).replaceAll("halo: 1", "halo: 1, scale: 2")), /expected the input's scale 1, found 2/],
  ["two channels of grey", () => made(volume(1, 0).replace("[grey]", "[grey, other]")), /one channel \(grey values\), found 2/],
  ["a halo that leaves nothing", () => made(volume(30, 0)), /keep -?\d+, which must be/],
])("%s is refused before a run", async (_, path, message) => {
  await expect(checkOnnxPredict(onnxPredictParameters.parse({ model: path() }))).rejects.toThrow(message);
});

test("what is no probability is refused", async () => {
  await expect(predict({ model: made(volume(1, 0, "")) })).rejects.toMatchObject({
    code: "E_PLUGIN_RESULT",
    message: expect.stringMatching(/expected probabilities from 0 to 1, found -?[\d.]+; end .* with sigmoid/),
  });
});

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function made(yaml: string): string {
  return model("made", { weights: convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad: 1 }), yaml });
}

function damaged(): string {
  return model("damaged", {
    weights: convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad: 1 }).subarray(0, 90),
    yaml: volume(1, 0),
  });
}

function swapped(): string {
  const path = model("swapped", { weights: new Uint8Array(10), yaml: volume(1, 0) });
  writeFileSync(join(folder, "swapped.onnx"), convolutionFile({ shape: [1, 1, 3, 3, 3], weights: kernel3, pad: 1 }));
  return path;
}
