import { existsSync } from "node:fs";
import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { box, shapeOf, type Vec3 } from "../geometry/box.ts";
import { DATA } from "../real-data.suite.ts";
import { patternBlock, specOf, temporaryFolder } from "../store/contract.suite.ts";
import { createVolume, openVolume, publishVolume } from "../store/index.ts";
import { convertVolume } from "./convert.ts";
import { digestVolume } from "./digest.ts";

const bounds = box([0, 5, -3], [21, 40, 60]);

async function madeSource(folder: string, chunk: Vec3 = [8, 8, 8]): Promise<string> {
  const store = await createVolume(join(folder, "source"), specOf("uint64", bounds, { chunk }));
  await store.write(bounds, patternBlock("uint64", shapeOf(bounds)));
  return (await publishVolume(join(folder, "source"))).source;
}

test("through every kind of destination, the digest stays", async () => {
  const folder = await temporaryFolder();
  const source = await madeSource(folder);
  const { digest } = await digestVolume(source);
  const place = "?offset=-3,5,0&voxel-size-nm=4,8,40";
  const steps = [`a.npy${place}`, `b.npy.gz${place}`, "c", `d.npy${place}`];
  let from = source;
  for (const name of steps) {
    const done: number[] = [];
    const store = await convertVolume(from, name, { baseFolder: folder, chunk: [16, 16, 16], onProgress: (d) => done.push(d) });
    expect((await store.info()).bounds).toEqual(bounds);
    expect((await digestVolume(store.source)).digest).toBe(digest);
    expect(done.at(-1)).toBe(1);
    from = store.source;
  }
  expect((await readdir(folder)).sort()).toEqual(["a.npy", "b.npy.gz", "c", "d.npy", "source"]);
});

test("chunk, options and the pyramid of the destination", async () => {
  const folder = await temporaryFolder();
  const source = await madeSource(folder);
  const store = await convertVolume(source, join(folder, "out"), {
    chunk: [32, 16, 16],
    options: { encoding: "raw", gzip: true, levels: 2 },
  });
  const info = await store.info();
  expect(info).toMatchObject({
    writeGrid: { cell: [32, 16, 16] },
    details: { encoding: "raw", gzip: true, scales: 2 },
    voxelSizeNm: [40, 8, 4],
  });
  const coarse = await openVolume(info.scales![1]!);
  expect((await coarse.read((await coarse.info()).bounds)).data.every((v) => v === 0n)).toBe(false);
});

test("a destination that exists is left alone", async () => {
  const folder = await temporaryFolder();
  const source = await madeSource(folder);
  const before = await (await openVolume(source)).identity();
  await expect(convertVolume(source, join(folder, "source"))).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
  expect(await (await openVolume(source)).identity()).toBe(before);
  expect(await readdir(folder)).toEqual(["source"]);
});

test("nothing stays after an error or an abort", async () => {
  const folder = await temporaryFolder();
  const source = await madeSource(folder);
  const controller = new AbortController();
  const stopped = convertVolume(source, join(folder, "out.npy?offset=-3,5,0"), {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("stop")),
  });
  await expect(stopped).rejects.toThrow("stop");
  const chunks = join(folder, "source", "4_8_40");
  await truncate(join(chunks, (await readdir(chunks))[3]!), 5);
  await expect(convertVolume(source, join(folder, "out"))).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
  expect(await readdir(folder)).toEqual(["source"]);
});

test.skipIf(!existsSync(DATA))("real data: labels and an image", async () => {
  const folder = await temporaryFolder();
  const labels = await convertVolume(join(DATA, "flyem-262", "wsdt-256.npy.gz"), join(folder, "labels"));
  // hashlib.sha256(array.astype("<u8").tobytes()), by NumPy
  expect((await digestVolume(labels.source)).digest).toBe("837ef695ce800a9e24c6b793d94fab4e6b0eecc304df2ac8bde6be6e9d79c6b3");
  const gray = await convertVolume(join(DATA, "gala", "train-image.npy.gz"), join(folder, "gray"), { options: { gzip: true } });
  expect((await digestVolume(gray.source)).digest).toBe("3e9e5283eeed303034ff40ce54723d0f62258b810292b4da4bf31f72d5ba7ea5");
});
