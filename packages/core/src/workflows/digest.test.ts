import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { box, shapeOf, type Vec3, voxelsIn } from "../geometry/box.ts";
import { DATA } from "../real-data.suite.ts";
import { patternBlock, specOf, temporaryFolder } from "../store/contract.suite.ts";
import { createVolume, type VolumeInfo } from "../store/index.ts";
import type { Dtype } from "../volume/block.ts";
import { bandsOf, digestVolume } from "./digest.ts";

// hashlib.sha256(array.astype("<u8").tobytes()) and numpy.count_nonzero(array), by NumPy
test.skipIf(!existsSync(DATA)).each([
  ["flyem-262/wsdt-256.npy.gz", "837ef695ce800a9e24c6b793d94fab4e6b0eecc304df2ac8bde6be6e9d79c6b3", 16777216],
  ["gala/train-gt.npy.gz", "f2c9853646b1e6d31640d3757f8c9706fac8fb28576a3ce6cf32d4d64ab9e777", 932864],
  ["samp1/labels.npy.gz", "7a81e5d2c38e0d47c7f5bff030d57fcd65ac197462fbb1255fb03494df8ecde7", 865536],
  ["gala/train-image.npy.gz", "3e9e5283eeed303034ff40ce54723d0f62258b810292b4da4bf31f72d5ba7ea5", 999271],
])("golden digest of %s", async (file, digest, labelled) => {
  expect(await digestVolume(join(DATA, file))).toMatchObject({ digest, labelled });
});

test.each<[Dtype]>([["uint8"], ["uint16"], ["uint32"], ["uint64"]])("the definition, from %s", async (dtype) => {
  const bounds = box([3, -4, 0], [20, 30, 50]);
  const block = patternBlock(dtype, shapeOf(bounds));
  const bytes = Buffer.alloc(8 * block.data.length);
  let labelled = 0;
  for (const [i, label] of block.data.entries()) {
    bytes.writeBigUInt64LE(BigInt(label), 8 * i);
    if (Number(label) !== 0) labelled += 1;
  }
  const digest = createHash("sha256").update(bytes).digest("hex");
  const folder = await temporaryFolder();
  for (const name of ["v", "v.npy?offset=0,-4,3", "v.npy.gz?offset=0,-4,3"]) {
    const chunk: Vec3 = [8, 16, 8];
    const store = await createVolume(join(folder, name), specOf(dtype, bounds, { chunk }));
    await store.write(bounds, block);
    expect(await digestVolume(store.source)).toEqual({ digest, labelled, voxels: voxelsIn(bounds) });
  }
});

test("a mask: what is outside counts as 0, and where it is 0 throughout nothing is read", async () => {
  const bounds = box([0, 0, 0], [5, 6, 7]);
  const folder = await temporaryFolder();
  const store = await createVolume(join(folder, "v"), specOf("uint64", bounds, { chunk: [8, 8, 8] }));
  const data = BigUint64Array.from({ length: voxelsIn(bounds) }, (_, i) => BigInt(i + 1) << 30n);
  await store.write(bounds, { data, shape: [5, 6, 7] });
  const mask = Uint8Array.from(data, (_, i) => (i % 5 === 0 || i > 150 ? 0 : 1));
  const wanted = data.map((label, i) => (mask[i] === 1 ? label : 0n));
  const sha = (labels: BigUint64Array) => createHash("sha256").update(Buffer.from(labels.buffer)).digest("hex");
  const labelled = mask.reduce((sum, flag) => sum + flag, 0);
  expect(await digestVolume(store.source, { maskOf: () => mask })).toEqual({ digest: sha(wanted), labelled, voxels: data.length });

  const nothing = () => new Uint8Array(data.length);
  const missing = join(folder, "v.partial");
  for (const name of await readdir(missing, { recursive: true })) {
    if (/^.*\d+-\d+_\d+-\d+_\d+-\d+$/.test(name)) await writeFile(join(missing, name), "damaged");
  }
  await expect(digestVolume(store.source)).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
  const empty = { digest: sha(new BigUint64Array(data.length)), labelled: 0, voxels: data.length };
  expect(await digestVolume(store.source, { maskOf: nothing })).toEqual(empty);
});

test("float32 has no digest; a signal ends it", async () => {
  const store = await createVolume(join(await temporaryFolder(), "v"), specOf("float32", box([0, 0, 0], [2, 2, 2])));
  await expect(digestVolume(store.source)).rejects.toMatchObject({ code: "E_DTYPE" });
  const image = await createVolume(join(await temporaryFolder(), "v"), specOf("uint8", box([0, 0, 0], [2, 2, 2])));
  await expect(digestVolume(image.source, { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
});

test("bands cover the volume once, in order, within the bound", () => {
  const size = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(size, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2000 }), (shape, cell, most) => {
      const bounds = box([5, 0, -3], [5 + shape[0], shape[1], shape[2] - 3]);
      const writeGrid = { origin: bounds.start, cell: [cell, cell, cell] as Vec3 };
      const info: VolumeInfo = { dtype: "uint16", kind: "labels", bounds, voxelSizeNm: [1, 1, 1], writeGrid, details: {} };
      const order: number[] = [];
      for (const band of bandsOf(info, most)) {
        expect(2 * voxelsIn(band)).toBeLessThanOrEqual(Math.max(most, 2 * shape[2]));
        for (let z = band.start[0]; z < band.stop[0]; z++)
          for (let y = band.start[1]; y < band.stop[1]; y++)
            for (let x = band.start[2]; x < band.stop[2]; x++) order.push(((z - 5) * shape[1] + y) * shape[2] + x + 3);
      }
      expect(order).toEqual(Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => i));
    }),
    { numRuns: 200 },
  );
});
