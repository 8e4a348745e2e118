import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { Vec3 } from "../geometry/box.ts";
import { silentLogger } from "../log.ts";
import { defaultSteps, stepOf } from "./default-steps.ts";
import { estimateBytes, estimateWriteBytes } from "./memory.ts";
import { createSegmentor } from "./segmentor.ts";
import type { SegmentorConfig, StepConfig, StepName } from "./types.ts";

const shape: Vec3 = [552, 552, 552];
const voxels = 552 ** 3;
const config = (steps: Partial<Record<StepName, StepConfig>> = {}): SegmentorConfig => ({
  class: "Segmentor",
  configuration: { ...defaultSteps(), ...steps },
});

test("a subvolume of 552³ goes through one worker in at most 4 GB, with each of the built-ins", () => {
  expect(estimateBytes(config(), shape)).toBeLessThanOrEqual(4e9);
  const wsdt = stepOf("DVIDSparkServices.reconutils.plugins.create_supervoxels_with_wsdt");
  const mean = stepOf("mean_agglomerate");
  expect(estimateBytes(config({ "create-supervoxels": wsdt, "agglomerate-supervoxels": mean }), shape)).toBeLessThanOrEqual(4e9);
});

test("users' functions count, and so do the processes of isolated steps", () => {
  const user = stepOf("/a/b.mjs:f");
  expect(estimateBytes(config({ "agglomerate-supervoxels": user }), shape)).toBeGreaterThanOrEqual(25 * voxels);
  const isolated = { ...user, "use-subprocess": true, "subprocess-memory": 20e9 };
  const bytes = estimateBytes(config({ "agglomerate-supervoxels": isolated }), shape);
  expect(bytes).toBeGreaterThanOrEqual(20e9 + 24 * voxels);
  expect(bytes).toBeLessThan(25e9);
  expect(estimateBytes({ ...config(), class: "/a/b.mjs:C" }, shape)).toBeGreaterThanOrEqual(20 * voxels);
});

test("what a step says of its files: its bytes, and channels that later steps hold too", () => {
  const needs = { bytes: 10e9, channels: 3, warnings: [] };
  expect(estimateBytes(config(), shape, needs)).toBe(estimateBytes(config(), [0, 0, 0]) + 10e9 + 4 * voxels);
  const more = estimateBytes(config(), shape, { ...needs, bytes: 0 }) - estimateBytes(config(), shape);
  expect(more).toBe(8 * voxels);
});

test("DefaultGrayOnly counts its own steps", () => {
  const heavy = config({ "agglomerate-supervoxels": stepOf("/a/b.mjs:f") });
  expect(estimateBytes({ ...heavy, class: "DefaultGrayOnly" }, shape)).toBe(estimateBytes(config(), shape));
});

test("decoded files that a thread keeps count, whatever the shape", () => {
  expect(estimateBytes(config(), [1, 1, 1])).toBeGreaterThanOrEqual(2 ** 27);
  expect(estimateWriteBytes([1, 1, 1], [64, 64, 64])).toBeGreaterThanOrEqual(2 ** 27);
});

test("writing: labels and bodies of the core box, and eight chunks of the output at most", () => {
  const core: Vec3 = [512, 512, 512];
  const small = estimateWriteBytes(core, [64, 64, 64]);
  expect(small).toBeGreaterThanOrEqual(13 * 512 ** 3 + 8 * 24 * 64 ** 3);
  expect(small).toBeLessThan(estimateBytes(config(), shape));
  // one chunk: cut out, encoded and gzip'd whole
  const large = estimateWriteBytes(core, core);
  expect(large).toBeGreaterThanOrEqual((13 + 24) * 512 ** 3);
  expect(large).toBe(estimateWriteBytes(core, [1024, 1024, 1024]));
});

test("the mask without preserved bodies takes the place of the one with them", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const folder = await mkdtemp(join(tmpdir(), "axonloom-memory-"));
  try {
    const path = join(folder, "watched.mjs");
    await writeFile(
      path,
      `export const mask = ({ gray, parameters }) => {
         const mask = new Uint8Array(gray.length).fill(1);
         mask[0] = 0;
         parameters.watch(mask);
         return mask;
       };
       export const supervoxels = async ({ mask, parameters }) => {
         await parameters.look();
         return new Uint32Array(mask.length);
       };`,
    );
    let watched: WeakRef<Uint8Array> | undefined;
    let gone: boolean | undefined;
    const watch = (mask: Uint8Array) => {
      watched = new WeakRef(mask);
    };
    const look = async () => {
      for (let i = 0; i < 3; i++) {
        await setTimeout(10);
        collect();
      }
      gone = watched!.deref() === undefined;
    };
    const segmentor = await createSegmentor(
      config({
        "background-mask": stepOf(`${path}:mask`, { watch }),
        "create-supervoxels": stepOf(`${path}:supervoxels`, { look }),
      }),
    );
    const box = { start: [0, 0, 0], stop: [4, 4, 4] } as const;
    await segmentor.segment({
      subvolume: 0,
      bordered: box,
      core: box,
      voxelSizeNm: [1, 1, 1],
      gray: { data: new Uint8Array(64).fill(9), shape: [4, 4, 4] },
      inside: null,
      preserved: new Uint8Array(64).fill(1, 60),
      logger: silentLogger,
      signal: new AbortController().signal,
      predictionCache: null,
    });
    expect(gone).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
