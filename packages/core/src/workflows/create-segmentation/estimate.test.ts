import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../config/index.ts";
import { estimateRun } from "./estimate.ts";
import { planRun } from "./plan.ts";

// 128³ in chunks of 64 with border 8: 2³ bordered boxes, of which 72³ lie in the volume.
test("time to segment = seconds a voxel of the sample · voxels read / workers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-estimate-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "gray.raw"), new Uint8Array(128 ** 3));
  const source = "raw://gray.raw?shape=128,128,128&dtype=uint8";
  const plan = await planRun(
    parseConfig(
      { input: { source }, output: { destination: "precomputed://labels" }, options: { "chunk-size": 64, border: 8 } },
      { baseFolder: folder },
    ),
  );
  const sample = { subvolume: 4, voxels: 80 ** 3, seconds: 10, segments: 1 };
  expect(estimateRun(plan, 2, sample)).toMatchObject({
    subvolumes: 8,
    faces: 12,
    voxels: 128 ** 3,
    "voxels-read": 8 * 72 ** 3,
    "bytes-read": 8 * 72 ** 3,
    "bytes-written": 8 * 128 ** 3,
    "output-chunk": [64, 64, 64],
    workers: 2,
    sample,
    "segment-seconds": expect.closeTo((10 * 8 * 0.9 ** 3) / 2, 6),
  });
  expect(estimateRun(plan, 1, null)).toMatchObject({ sample: null, "segment-seconds": null });
});
