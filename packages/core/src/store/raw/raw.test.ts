import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { box, shapeOf, toXyz } from "../../geometry/box.ts";
import { DATA } from "../../real-data.suite.ts";
import { bytesOf } from "../../volume/block.ts";
import { contractSuite, temporaryFolder } from "../contract.suite.ts";
import { openVolume } from "../index.ts";

for (const ending of ["raw", "raw.gz"]) {
  contractSuite({
    name: `raw (.${ending})`,
    dtypes: ["uint16", "uint8", "uint32", "uint64", "float32"],
    bounds: box([2, 0, -7], [9, 6, 10]),
    async make(folder, { bounds, dtype, voxelSizeNm }, block) {
      const path = join(folder, `volume.${ending}`);
      const bytes = bytesOf(block.data);
      await writeFile(path, ending === "raw" ? bytes : gzipSync(bytes));
      return `raw://${path}?shape=${toXyz(shapeOf(bounds))}&dtype=${dtype}&offset=${toXyz(bounds.start)}&voxel-size-nm=${toXyz(voxelSizeNm)}`;
    },
    voxelFile: async (folder) => join(folder, `volume.${ending}`),
    missing: (folder) => `raw://${join(folder, "other")}?shape=1,1,1&dtype=uint8`,
    writing: null,
  });
}

test("the name must say what the file holds", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a.raw");
  await writeFile(path, Buffer.from([0x1f, 0x8b, 3, 4, 5, 6]));
  const wrong = [
    "",
    "?shape=1,2,3",
    "?dtype=uint8",
    "?shape=1,2&dtype=uint8",
    "?shape=1,2,x&dtype=uint8",
    "?shape=1,2,0&dtype=uint8",
  ];
  for (const query of [
    ...wrong,
    "?shape=1,2,3&dtype=int8",
    "?shape=1,2,3&dtype=uint8&dtype=uint8",
    "?shape=1,2,3&dtype=uint8&offset=1,2",
  ]) {
    await expect(openVolume(`raw://${path}${query}`)).rejects.toMatchObject({ code: "E_SOURCE_NAME" });
  }
  await expect(openVolume(path)).rejects.toMatchObject({
    code: "E_SOURCE_UNKNOWN",
    message: expect.stringContaining("raw://path?shape="),
  });
  await writeFile(join(folder, "b.raw"), "abcdef");
  await expect(openVolume(`raw://${join(folder, "b.raw")}?shape=1,2,4&dtype=uint8`)).rejects.toMatchObject({
    code: "E_SOURCE_DAMAGED",
  });
  // plain voxels that begin like a gzip file
  const store = await openVolume(`raw://${path}?shape=1,2,3&dtype=uint8`);
  expect((await store.read(box([0, 1, 0], [3, 2, 1]))).data).toEqual(new Uint8Array([0x8b, 4, 6]));
});

const real = join(DATA, "isbi2012", "gray.u8.raw.gz");
test.skipIf(!existsSync(real))("a real array: isbi2012", async () => {
  const store = await openVolume(`raw://${real}?shape=512,512,20&dtype=uint8`);
  const { data: voxels } = await store.read((await store.info()).bounds);
  expect(createHash("sha256").update(bytesOf(voxels)).digest("hex")).toBe(
    "d7398166a5e93e94859b59e6836db27509ad91fb1645a36118ef4ff699725f73",
  );
});
