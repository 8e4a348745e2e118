import { expect, test } from "vitest";
import type { Vec3 } from "../geometry/box.ts";
import { defaultSteps, stepOf } from "./default-steps.ts";
import { estimateBytes } from "./memory.ts";
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
  expect(bytes).toBeGreaterThanOrEqual(20e9 + 26 * voxels);
  expect(bytes).toBeLessThan(25e9);
  expect(estimateBytes({ ...config(), class: "/a/b.mjs:C" }, shape)).toBeGreaterThanOrEqual(20 * voxels);
});

test("DefaultGrayOnly counts its own steps", () => {
  const heavy = config({ "agglomerate-supervoxels": stepOf("/a/b.mjs:f") });
  expect(estimateBytes({ ...heavy, class: "DefaultGrayOnly" }, shape)).toBe(estimateBytes(config(), shape));
});
