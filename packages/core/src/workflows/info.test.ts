import { join } from "node:path";
import { expect, test } from "vitest";
import { box } from "../geometry/box.ts";
import { specOf, temporaryFolder } from "../store/contract.suite.ts";
import { createVolume } from "../store/index.ts";
import { describeVolume } from "./info.ts";

test("everything in x, y, z", async () => {
  const path = join(await temporaryFolder(), "v");
  await createVolume(path, specOf("uint64", box([1, 2, 3], [11, 22, 133]), { chunk: [16, 32, 64] }));
  expect(await describeVolume(`${path}.partial`)).toEqual({
    source: `precomputed://${path}.partial`,
    kind: "labels",
    dtype: "uint64",
    "size-xyz": [130, 20, 10],
    "offset-xyz": [3, 2, 1],
    "voxel-size-nm-xyz": [4, 8, 40],
    voxels: 26000,
    bytes: 208000,
    "write-grid-xyz": [64, 32, 16],
    details: { format: "precomputed", encoding: "compressed_segmentation", gzip: false, scales: 3 },
  });
});
