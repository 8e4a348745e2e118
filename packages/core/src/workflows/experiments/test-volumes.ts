/**
 * The volumes with ground truth on which policies are compared. Two phantoms stand for those of the paper: one like its medulla, in
 * which the membranes of a region are faded, and a clean one, like its mushroom body. Two are real.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { type Config, parseConfig } from "../../config/index.ts";
import { AxonloomError } from "../../errors.ts";
import type { Box } from "../../geometry/box.ts";
import { getJson, openKeyValue, putJson } from "../../keyvalue/index.ts";
import { writePhantom } from "../phantom.ts";

export const TEST_VOLUMES = ["medulla", "mushroom-body", "fib25", "gala"] as const;
export type TestVolumeName = (typeof TEST_VOLUMES)[number];

export type Condition = "damaged" | "clean" | "real";

export interface TestVolume {
  readonly name: TestVolumeName;
  readonly condition: Condition;
  readonly config: Config;
  /** Sources. */
  readonly gray: string;
  readonly truth: string;
}

export interface TestVolumeRequest {
  /** Everything that is made goes into `<folder>/<name>`. */
  readonly folder: string;
  /** Edge of the phantoms in voxels; their subvolumes have 64. */
  readonly size: number;
  /** Folder with `fib25-training2` and `gala`. */
  readonly dataFolder: string | null;
}

export const PHANTOM_CHUNK = 64;
const SEED = 1;
const BORDER = 20;

export const CONDITIONS: Readonly<Record<TestVolumeName, Condition>> = {
  medulla: "damaged",
  "mushroom-body": "clean",
  fib25: "real",
  gala: "real",
};

/** What is asked for is there, or made. `E_SOURCE_NOT_FOUND` when real data are asked for that are not there. */
export async function prepareTestVolume(
  name: TestVolumeName,
  request: TestVolumeRequest,
  options: CallOptions = {},
): Promise<TestVolume> {
  const folder = join(resolve(request.folder), name);
  await mkdir(folder, { recursive: true });
  switch (name) {
    case "medulla":
      return await phantom(name, folder, request.size, options);
    case "mushroom-body":
      return await phantom(name, folder, request.size, options);
    case "fib25":
      return fib25(folder, dataOf(name, "fib25-training2", request.dataFolder));
    case "gala":
      return gala(folder, dataOf(name, "gala", request.dataFolder));
  }
}

/** Whether the files of a real volume are there; phantoms always are. */
export function isTestVolumeAvailable(name: TestVolumeName, dataFolder: string | null): boolean {
  const below = { fib25: "fib25-training2", gala: "gala", medulla: null, "mushroom-body": null }[name];
  return below === null || (dataFolder !== null && existsSync(join(dataFolder, below)));
}

/**
 * The damage of the medulla: 20 slices in which membranes keep a fifth of their contrast, as when the beam or the stain was poor for a while.
 * They lie in the middle of a layer of subvolumes, outside the borders of the layers above and below: only this layer is segmented badly, and
 * what is wrong elsewhere has come by stitching.
 *
 * The effect of a policy needs many neurites across the damage. Columns of these phantoms are 26 voxels apart, so a damaged cube of 64 voxels
 * would touch about ten.
 */
export function fadedBox(size: number): Box {
  const middle = (Math.floor(size / PHANTOM_CHUNK / 2) + 0.5) * PHANTOM_CHUNK;
  return { start: [middle - 10, 0, 0], stop: [middle + 10, size, size] };
}

async function phantom(name: "medulla" | "mushroom-body", folder: string, size: number, options: CallOptions): Promise<TestVolume> {
  const [gray, truth] = [join(folder, "gray"), join(folder, "truth")];
  const damage = name === "medulla" ? { faded: { box: fadedBox(size), contrast: 0.2 } } : {};
  const spec = { size: [size, size, size] as const, seed: SEED, damage };
  const store = openKeyValue(folder);
  const made = JSON.stringify(await getJson(store, "phantom.json", options)) === JSON.stringify(spec);
  if (!made || !existsSync(gray) || !existsSync(truth)) {
    for (const half of [gray, truth]) await rm(half, { recursive: true, force: true });
    await writePhantom({ ...spec, grayDestination: gray, truthDestination: truth }, options);
    await putJson(store, "phantom.json", spec, options);
  }
  const [graySource, truthSource] = [`precomputed://${gray}`, `precomputed://${truth}`];
  const config = configOf(folder, graySource, PHANTOM_CHUNK, {
    "predict-voxels": { function: "naive_membrane_predictions", parameters: { range: [40, 190] } },
    "create-supervoxels": { function: "seeded_watershed", parameters: { seed_threshold: 0.3, seed_size: 200 } },
  });
  return { name, condition: CONDITIONS[name], config, gray: graySource, truth: truthSource };
}

/** As in `examples/fib25-training2`. */
function fib25(folder: string, data: string): TestVolume {
  const gray = `npy://${join(data, "gray.npy.gz")}`;
  const config = configOf(folder, gray, 128, {
    "predict-voxels": {
      function: "read_predictions",
      parameters: { source: `raw://${join(data, "membrane_prob_derived.u8.raw.gz")}?shape=250,250,250&dtype=uint8` },
    },
    "create-supervoxels": { function: "create_supervoxels_with_wsdt" },
    "agglomerate-supervoxels": { function: "mean_agglomerate", parameters: { threshold: 0.45 } },
  });
  return { name: "fib25", condition: "real", config, gray, truth: `npy://${join(data, "gt.npy.gz")}` };
}

function gala(folder: string, data: string): TestVolume {
  const gray = `npy://${join(data, "train-image.npy.gz")}`;
  const config = configOf(folder, gray, 64, {
    "predict-voxels": { function: "read_predictions", parameters: { source: `npy://${join(data, "train-p1.npy.gz")}` } },
    "create-supervoxels": { function: "create_supervoxels_with_wsdt" },
    "agglomerate-supervoxels": { function: "mean_agglomerate", parameters: { threshold: 0.45 } },
  });
  return { name: "gala", condition: "real", config, gray, truth: `npy://${join(data, "train-gt.npy.gz")}` };
}

function configOf(folder: string, gray: string, chunk: number, steps: Readonly<Record<string, unknown>>): Config {
  const written = {
    input: { source: gray },
    output: { destination: `precomputed://${join(folder, "medium")}` },
    options: {
      "chunk-size": chunk,
      border: BORDER,
      "stitch-algorithm": "medium",
      "checkpoint-dir": join(folder, "run"),
      segmentor: { configuration: steps },
    },
  };
  return parseConfig(written, { baseFolder: folder });
}

function dataOf(name: TestVolumeName, below: string, dataFolder: string | null): string {
  if (isTestVolumeAvailable(name, dataFolder)) return join(dataFolder!, below);
  const where = dataFolder === null ? "no folder with data was named" : `${join(dataFolder, below)} is not there`;
  throw new AxonloomError(
    "E_SOURCE_NOT_FOUND",
    `${name}: expected the folder ${below} of the data, but ${where}; name the folder, or leave ${name} out`,
    {
      name,
      dataFolder,
    },
  );
}
