/** The built-ins on `fib25-training2`: 250³ grey values and membrane probabilities of a fly's brain. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Box, boxOfShape, shapeOf } from "../geometry/box.ts";
import { silentLogger } from "../log.ts";
import { DATA } from "../real-data.suite.ts";
import { openVolume } from "../store/index.ts";
import type { Block } from "../volume/block.ts";
import { componentSizes } from "./component-sizes.ts";
import { defaultSteps, stepOf } from "./default-steps.ts";
import { createSegmentor } from "./segmentor.ts";
import { contextOf } from "./step-input.suite.ts";
import { seededWatershedParameters, seededWatershedSupervoxels } from "./supervoxels/seeded-watershed.ts";
import type { SegmentInput, StepConfig, StepName } from "./types.ts";

const folder = join(DATA, "fib25-training2");
const membrane = `raw://${folder}/membrane_prob_derived.u8.raw.gz?shape=250,250,250&dtype=uint8`;

describe.skipIf(!existsSync(folder))("fib25-training2", () => {
  const crop: Box = { start: [90, 80, 70], stop: [154, 140, 130] };
  let gray: Block<Uint8Array>;
  beforeAll(async () => {
    gray = (await (await openVolume(join(folder, "gray.npy.gz"))).read(crop)) as Block<Uint8Array>;
  });

  function input(): SegmentInput {
    return {
      subvolume: 0,
      bordered: crop,
      core: crop,
      voxelSizeNm: [10, 10, 10],
      gray,
      inside: null,
      preserved: null,
      logger: silentLogger,
      signal: new AbortController().signal,
      predictionCache: null,
    };
  }

  async function segment(steps: Partial<Record<StepName, StepConfig>>): Promise<Uint32Array> {
    const configuration = { ...defaultSteps(), "predict-voxels": stepOf("read_predictions", { source: membrane }), ...steps };
    return await (await createSegmentor({ class: "Segmentor", configuration })).segment(input());
  }

  // 2,386 seeds: counted by an independent program: components of p <= 0.2 with at least 5 voxels
  test("seeded_watershed of the whole volume keeps every seed and fills everything", async () => {
    const shape = [250, 250, 250] as const;
    const block = await (await openVolume(membrane)).read(boxOfShape(shape));
    const predictions = { data: block.data as Uint8Array, shape: [...shape, 1] as const };
    const labels = seededWatershedSupervoxels({
      ...contextOf(shape, seededWatershedParameters.parse({})),
      predictions,
      mask: null,
    });
    const sizes = componentSizes(labels, 1 << 16);
    expect(sizes[0]).toBe(0);
    expect(sizes.filter((size) => size > 0).length).toBe(2386);
  });

  test("agglomeration joins whole supervoxels, more of them with a higher threshold", async () => {
    const wsdt = stepOf("create_supervoxels_with_wsdt", { minMembraneSize: 1000, minSegmentSize: 100 });
    const supervoxels = await segment({ "create-supervoxels": wsdt });
    expect(supervoxels.includes(0)).toBe(false);
    expect(await segment({ "create-supervoxels": wsdt })).toEqual(supervoxels);
    let before = Math.max(...new Set(supervoxels));
    expect(before).toBeGreaterThan(20);
    for (const threshold of [0.3, 0.5]) {
      const merged = await segment({
        "create-supervoxels": wsdt,
        "agglomerate-supervoxels": stepOf("mean_agglomerate", { threshold }),
      });
      const targets = new Map<number, number>();
      for (let i = 0; i < merged.length; i++) {
        const known = targets.get(supervoxels[i]!);
        if (known === undefined) targets.set(supervoxels[i]!, merged[i]!);
        else if (known !== merged[i]) throw new Error(`supervoxel ${supervoxels[i]} is in ${known} and ${merged[i]}`);
      }
      const count = new Set(targets.values()).size;
      expect(count).toBeLessThan(before);
      expect(count).toBeGreaterThan(1);
      before = count;
    }
  });

  test("from grey values alone", async () => {
    const labels = await segment({ "predict-voxels": stepOf("naive_membrane_predictions") });
    expect(labels.length).toBe(shapeOf(crop).reduce((product, n) => product * n, 1));
    expect(labels.includes(0)).toBe(false);
    expect(new Set(labels).size).toBeGreaterThan(1);
  });
});
