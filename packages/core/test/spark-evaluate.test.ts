/** An evaluation on Spark gives the bytes that it gives on the local engine. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateSegmentation, parseEvaluation, sparkEngineFactory } from "@axonloom/core";
import { expect, test } from "vitest";
import { cells, temporaryFolder, writeNpy } from "./fixtures.ts";
import { sparkAvailable } from "./spark-cluster.ts";

test.skipIf(!sparkAvailable)(
  "the same bytes as on the local engine",
  async () => {
    const folder = temporaryFolder();
    const shape = [64, 64, 64] as const;
    // bodies in pieces: 12 cells share 6 ids, above 2^53
    const many = (points: number, seed: number) =>
      BigUint64Array.from(cells(shape, points, seed).truth, (cell) => 2n ** 63n + BigInt(cell % 6));
    writeNpy(join(folder, "truth.npy"), many(12, 3), shape);
    writeNpy(join(folder, "segmentation.npy"), many(20, 5), shape);
    const points = Array.from({ length: 40 }, (_, k) => [k, (7 * k) % 64, (11 * k) % 64, (k + 1) % 40]);
    writeFileSync(join(folder, "syn.json"), JSON.stringify({ type: "synapse", "point-list": points }));
    const configOf = (destination: string) =>
      parseEvaluation(
        {
          input: { "ground-truth": "truth.npy", segmentation: "segmentation.npy", "point-lists": ["syn.json"] },
          output: { destination },
          options: {
            "chunk-size": 32,
            "point-threshold": 1,
            plugins: ["vi", "rand", "count", "edit", "connectivity", "orphans"].map((name) => ({ name })),
          },
        },
        { baseFolder: folder },
      );
    const local = await evaluateSegmentation(configOf("local"), { workers: 1 });
    expect(local.subvolumes).toHaveLength(8);
    expect(local.components.ground_truth.length).toBeGreaterThan(3);
    await evaluateSegmentation(configOf("spark"), { engine: sparkEngineFactory({ workers: 2 }) });
    for (const name of ["evaluation.json", "bodies.csv", "heat-map.csv", "heat-map/vi-max.png"]) {
      expect(readFileSync(join(folder, "spark", name)).equals(readFileSync(join(folder, "local", name))), name).toBe(true);
    }
  },
  400_000,
);
