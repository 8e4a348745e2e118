import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Box } from "../../geometry/box.ts";
import { stepOf } from "../default-steps.ts";
import { checkStep, pluginFingerprint } from "../plugins.ts";
import { contextOf } from "../step-input.suite.ts";
import { readPredictions } from "./read-predictions.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-read-predictions-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A raw volume with x = 4, y = 3, z = 2. */
async function volume(name: string, data: Uint8Array | Uint16Array | Uint32Array | Float32Array, dtype: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, new Uint8Array(data.buffer));
  return `raw://${path}?shape=4,3,2&dtype=${dtype}`;
}

function read(source: string, bordered: Box, inside: Uint8Array | null) {
  const shape = [0, 1, 2].map((a) => bordered.stop[a]! - bordered.start[a]!) as unknown as [number, number, number];
  const length = shape[0] * shape[1] * shape[2];
  return readPredictions({ ...contextOf(shape, { source }, inside), bordered, gray: new Uint8Array(length), mask: inside });
}

const counting = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
const whole: Box = { start: [0, 0, 0], stop: [2, 3, 4] };
/** One voxel before the volume in x, one behind it in z, and no more than its middle row. */
const passing: Box = { start: [1, 1, -1], stop: [3, 2, 3] };
const passingInside = Uint8Array.of(0, 1, 1, 1, 0, 0, 0, 0);

test("u8 stays as it is", async () => {
  const source = await volume("u8.raw", counting, "uint8");
  expect(await read(source, whole, null)).toEqual({ data: counting, shape: [2, 3, 4, 1] });
  // voxel z 1, y 1, x 0…2 is number 16…18
  expect((await read(source, passing, passingInside)).data).toEqual(Uint8Array.of(0, 160, 170, 180, 0, 0, 0, 0));
});

test("u16 is divided by 65535, float32 is taken as it is", async () => {
  const wide = Uint16Array.from(counting, (v) => v * 257);
  const expected = Float32Array.from(counting, (v) => v / 255);
  expect((await read(await volume("u16.raw", wide, "uint16"), whole, null)).data).toEqual(expected);
  expect((await read(await volume("f32.raw", expected, "float32"), whole, null)).data).toEqual(expected);
});

test.each([Number.NaN, 1.25, -0.1, Number.POSITIVE_INFINITY])("%d is no probability", async (value) => {
  const data = new Float32Array(24);
  data[17] = value;
  await expect(read(await volume("wrong.raw", data, "float32"), whole, null)).rejects.toMatchObject({
    code: "E_PLUGIN_RESULT",
    message: expect.stringMatching(/read_predictions.*subvolume 7 .*found (NaN|1\.25|-0\.1.*|Infinity) at x 1, y 1, z 1/),
  });
});

test("a source that does not cover the volume is refused", async () => {
  const source = await volume("u8.raw", counting, "uint8");
  const message = expect.stringMatching(/covers x 0\.\.4, y 0\.\.3, z 0\.\.2, but subvolume 7 \(x -1\.\.3, y 1\.\.2, z 1\.\.3\)/);
  await expect(read(source, passing, null)).rejects.toMatchObject({ code: "E_OUT_OF_BOUNDS", message });
  await expect(read(source, passing, Uint8Array.of(1, 1, 1, 1, 0, 0, 0, 0))).rejects.toMatchObject({ code: "E_OUT_OF_BOUNDS" });
});

test("labels are refused before the run", async () => {
  const step = stepOf("read_predictions", { source: await volume("u32.raw", Uint32Array.from(counting), "uint32") });
  await expect(checkStep(step, "predict-voxels")).rejects.toMatchObject({
    code: "E_DTYPE",
    message: expect.stringMatching(/predict-voxels\.parameters\.source: .*found uint32/),
  });
  const missing = stepOf("read_predictions", { source: "raw:///no/such/file?shape=4,3,2&dtype=uint8" });
  await expect(checkStep(missing, "predict-voxels")).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
});

test("the fingerprint changes with the source's content", async () => {
  const step = stepOf("read_predictions", { source: await volume("changing.raw", counting, "uint8") });
  const before = await pluginFingerprint(step);
  expect(await pluginFingerprint(step)).toEqual(before);
  await new Promise((done) => setTimeout(done, 20)); // another time of change
  await volume("changing.raw", counting.slice().reverse(), "uint8");
  expect(await pluginFingerprint(step)).not.toEqual(before);
});
