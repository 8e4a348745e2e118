import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Vec3 } from "../../../geometry/box.ts";
import { stepOf } from "../../default-steps.ts";
import { checkStep, pluginFingerprint } from "../../plugins.ts";
import { contextOf } from "../../step-input.suite.ts";
import { oneTreeXml } from "./forests.suite.ts";
import { neuroproofAgglomerate, neuroproofAgglomerateParameters } from "./index.ts";

let folder: string;
/** Of one channel: different where the mean of the contact (feature 21) is above 0.5; of three: the same (feature 57). */
let one: string;
let three: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-neuroproof-"));
  one = join(folder, "one.xml");
  three = join(folder, "three.xml");
  await writeFile(one, oneTreeXml({ features: 35, feature: 21, threshold: 0.5 }));
  await writeFile(three, oneTreeXml({ features: 97, feature: 57, threshold: 0.5 }));
});
afterAll(() => rm(folder, { recursive: true }));

interface Given {
  readonly labels: readonly number[];
  /** Voxel by voxel, all channels. */
  readonly p: readonly number[];
  readonly channels?: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly bytes?: boolean;
  readonly mask?: readonly number[];
}

async function run({ labels, p, channels = 1, parameters = {}, bytes = false, mask }: Given): Promise<number[]> {
  const shape: Vec3 = [1, 1, labels.length];
  const context = contextOf(
    shape,
    neuroproofAgglomerateParameters.parse({ classifier: { path: one }, mitochannel: null, ...parameters }),
  );
  const result = await neuroproofAgglomerate({
    ...context,
    gray: new Uint8Array(labels.length),
    mask: mask === undefined ? null : Uint8Array.from(mask),
    predictions: {
      data: bytes ? Uint8Array.from(p, (value) => Math.round(value * 255)) : Float32Array.from(p),
      shape: [...shape, channels],
    },
    supervoxels: Uint32Array.from(labels),
  });
  return [...result];
}

test.each([false, true])("merges across contacts that the classifier calls inner (bytes: %s)", async (bytes) => {
  const p = [0, 0.25, 0.25, 1, 1, 0, 0];
  expect(await run({ labels: [4, 4, 9, 9, 7, 7, 0], p, bytes })).toEqual([4, 4, 4, 4, 7, 7, 0]);
});

test("nothing to merge: one segment, or none", async () => {
  expect(await run({ labels: [5, 5, 0], p: [0, 0, 0] })).toEqual([5, 5, 0]);
  expect(await run({ labels: [0, 0], p: [0, 0] })).toEqual([0, 0]);
});

test("mitochannel is a channel: its regions wait, and go to the larger neighbour", async () => {
  // region 2 is bright in channel 1 only; the contact of 2 and 3 is no boundary, that of 1 and 2 is one
  const labels = [1, 1, 1, 2, 2, 3, 3];
  const p = labels.flatMap((label, i) => [i === 2 || i === 3 ? 1 : 0, label === 2 ? 0.9 : 0, 0]);
  const parameters = { classifier: { path: three } };
  const common = { labels, p, channels: 3 };
  expect(await run({ ...common, parameters: { ...parameters, mitochannel: null } })).toEqual([1, 1, 1, 2, 2, 2, 2]);
  expect(await run({ ...common, parameters: { ...parameters, mitochannel: 1 } })).toEqual([1, 1, 1, 1, 1, 3, 3]);
  expect(await run({ ...common, parameters: { ...parameters, mitochannel: 2 } })).toEqual([1, 1, 1, 2, 2, 2, 2]);
  expect(await run({ ...common, parameters: { ...parameters, mitochannel: 1, mito_threshold: 0.95 } })).toEqual([
    1, 1, 1, 2, 2, 2, 2,
  ]);
  expect(await run({ ...common, parameters: { ...parameters, mitochannel: 1, mito_ratio: 0.5 } })).toEqual(labels);
});

test("small bodies and voxels without one are given away along the membrane map, not outside the mask", async () => {
  // the wall at 4 keeps 3 from 1: what is left of the wall is reached from 1 first
  const labels = [1, 1, 1, 2, 0, 3, 3, 3, 0, 0];
  const p = [0, 0, 1, 1, 0.9, 1, 0, 0, 0, 0];
  const mask = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0];
  expect(await run({ labels, p, mask })).toEqual(labels);
  expect(await run({ labels, p, mask, parameters: { min_body_size: 2 } })).toEqual([1, 1, 1, 1, 3, 3, 3, 3, 3, 0]);
  // all are small: nobody is there to grow
  expect(await run({ labels, p, mask, parameters: { min_body_size: 4 } })).toEqual(labels);
});

test("what does not fit is said", async () => {
  const labels = [1, 2];
  await expect(run({ labels, p: [0, 0, 0, 0], channels: 2 })).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: /one\.xml has 35 features, made for 1 channel, but the predictions have 2 channels/,
  });
  await expect(run({ labels, p: [0, Number.NaN] })).rejects.toMatchObject({
    code: "E_PLUGIN_RESULT",
    message: /neuroproof_agglomerate.*found NaN at x 1, y 0, z 0, channel 0/,
  });
  await expect(run({ labels, p: [0, 0], parameters: { mitochannel: 2 } })).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: /mitochannel 2 does not exist: the predictions have 1 channel.*null where none/,
  });
  await expect(run({ labels, p: [0, 0], parameters: { min_body_size: 5, boundary_channel: 1 } })).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: /boundary_channel 1 does not exist/,
  });
});

test("before a run: the classifier is read and compared with mitochannel; its content is in the fingerprint", async () => {
  const step = (parameters: Readonly<Record<string, unknown>>) => stepOf("neuroproof_agglomerate", parameters);
  const check = (parameters: Readonly<Record<string, unknown>>) => checkStep(step(parameters), "agglomerate-supervoxels");
  await check({ classifier: { path: three } });
  await check({ classifier: { path: one }, mitochannel: null });
  await expect(check({ classifier: { path: one } })).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: /agglomerate-supervoxels\.parameters: mitochannel 2 does not exist: .*one\.xml is made for 1 channel/,
  });
  await expect(check({ classifier: { path: join(folder, "no.xml") } })).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  const path = join(folder, "changing.xml");
  await writeFile(path, oneTreeXml({ features: 35, feature: 21, threshold: 0.5 }));
  const before = await pluginFingerprint(step({ classifier: { path } }));
  await writeFile(path, oneTreeXml({ features: 35, feature: 21, threshold: 0.6 }));
  expect(await pluginFingerprint(step({ classifier: { path } }))).not.toEqual(before);
});
