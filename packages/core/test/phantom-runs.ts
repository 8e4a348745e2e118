/** Runs on a small phantom, 96³ in 8 subvolumes, whose segmentations are counted: what all engines must give alike. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Config, parseConfig, writePhantom } from "@axonloom/core";
import { temporaryFolder } from "./fixtures.ts";

const PLUGIN = fileURLToPath(new URL("./counted-plugin.mjs", import.meta.url));

export interface PhantomRun {
  readonly folder: string;
  /** The configuration as a file. */
  readonly file: string;
  readonly config: Config;
  /** Subvolumes as often as they were segmented, ascending. */
  segmented(): number[];
  /** Process that segments this subvolume, once it does. */
  processOf(subvolume: number): Promise<number>;
}

/** Writes the volume into a folder; all runs read it there. */
export async function phantomVolume(folder: string): Promise<string> {
  const gray = join(folder, "gray");
  await writePhantom({ size: [96, 96, 96], seed: 7, grayDestination: gray, truthDestination: join(folder, "truth") });
  return gray;
}

export function phantomRun(
  gray: string,
  options: Record<string, unknown> = {},
  parameters: Record<string, unknown> = {},
): PhantomRun {
  const folder = temporaryFolder();
  const log = join(folder, "segmented.txt");
  writeFileSync(log, "");
  const configuration = {
    "predict-voxels": { function: `${PLUGIN}:predict`, parameters: { log, ...parameters } },
    "create-supervoxels": { function: "seeded_watershed", parameters: { seed_threshold: 0.3, seed_size: 50 } },
    "agglomerate-supervoxels": { function: "noop_agglomeration" },
  };
  const raw = {
    input: { source: `precomputed://${gray}` },
    output: { destination: "precomputed://segmentation" },
    options: { "chunk-size": 64, border: 8, "checkpoint-dir": join(folder, "run"), segmentor: { configuration }, ...options },
  };
  const file = join(folder, "phantom.json");
  writeFileSync(file, JSON.stringify(raw));
  const lines = () =>
    readFileSync(log, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split(" ").map(Number) as [number, number]);
  return {
    folder,
    file,
    config: parseConfig(raw, { baseFolder: folder }),
    segmented: () =>
      lines()
        .map(([subvolume]) => subvolume)
        .sort((a, b) => a - b),
    processOf: async (wanted) => {
      for (const start = Date.now(); Date.now() - start < 120_000; await sleep(20)) {
        const line = existsSync(log) ? lines().find(([subvolume]) => subvolume === wanted) : undefined;
        if (line !== undefined) return line[1];
      }
      throw new Error(`expected subvolume ${wanted} to be segmented within 120 s`);
    },
  };
}
