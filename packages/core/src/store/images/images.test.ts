import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { box, shapeOf, toXyz } from "../../geometry/box.ts";
import { DATA } from "../../real-data.suite.ts";
import { bytesOf } from "../../volume/block.ts";
import { contractSuite, temporaryFolder } from "../contract.suite.ts";
import { openVolume } from "../index.ts";
import { compareNatural } from "./natural-order.ts";

contractSuite({
  name: "images",
  dtypes: ["uint8", "uint16"],
  bounds: box([-2, 0, 5], [10, 7, 18]),
  async make(folder, { bounds, voxelSizeNm }, block) {
    const slices = join(folder, "slices");
    await mkdir(slices);
    const [depth, height, width] = shapeOf(bounds);
    for (let z = 0; z < depth; z++) {
      const data = (block.data as Uint8Array | Uint16Array).slice(z * height * width, (z + 1) * height * width);
      await writeFile(
        join(slices, `s${z}.png`),
        encode({ width, height, data, channels: 1, depth: data instanceof Uint8Array ? 8 : 16 }),
      );
    }
    return `images://${slices}?offset=${toXyz(bounds.start)}&voxel-size-nm=${toXyz(voxelSizeNm)}`;
  },
  voxelFile: async (folder) => join(folder, "slices", "s10.png"),
  missing: (folder) => `images://${join(folder, "none")}`,
  writing: null,
});

const gray = (width: number, height: number, depth: 8 | 16 = 8) =>
  encode({
    width,
    height,
    depth,
    channels: 1,
    data: depth === 8 ? new Uint8Array(width * height) : new Uint16Array(width * height),
  });

test("slices that do not fit", async () => {
  const folder = await temporaryFolder();
  const put = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, name), bytes);
  const failure = async (source = folder) =>
    await openVolume(source).then(
      () => "no error",
      (error) => [error.code, error.message],
    );
  await expect(openVolume(`images://${folder}`)).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  await put("a1.png", gray(4, 3));
  await put("notes.txt", "no slice");
  expect(await failure()).toBe("no error");
  await put("a2.png", gray(4, 4));
  expect(await failure()).toEqual([
    "E_SOURCE_DAMAGED",
    expect.stringContaining("a2.png has 4 x 4 pixels of uint8, expected 4 x 3"),
  ]);
  await put("a2.png", gray(4, 3, 16));
  expect(await failure()).toEqual(["E_SOURCE_DAMAGED", expect.stringContaining("uint16")]);
  await put("a2.png", encode({ width: 4, height: 3, channels: 3, data: new Uint8Array(36) }));
  expect(await failure()).toEqual(["E_SOURCE_UNSUPPORTED", expect.stringContaining("found RGB")]);
  await put("a2.png", "");
  expect(await failure()).toEqual(["E_SOURCE_DAMAGED", expect.stringContaining("a2.png")]);
});

test("one flipped byte in a slice's pixels is found", async () => {
  const folder = await temporaryFolder();
  const bytes = encode({ width: 16, height: 16, channels: 1, data: new Uint8Array(256).map((_, i) => (i * 37) % 251) });
  bytes[60] = bytes[60]! ^ 1;
  await writeFile(join(folder, "a.png"), bytes);
  const store = await openVolume(folder);
  await expect(store.read((await store.info()).bounds)).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
});

test("natural order", () => {
  const ordered = [
    "9",
    "10",
    "s",
    "s01.png",
    "s1.png",
    "s1a2",
    "s1a10",
    "s9.png",
    "s10.png",
    `s${"9".repeat(20)}`,
    `s1${"0".repeat(20)}`,
    "t1",
  ];
  expect([...ordered].reverse().sort(compareNatural)).toEqual(ordered);
  const name = fc.string({ unit: fc.constantFrom("0", "1", "9", "a", "."), maxLength: 6 });
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(Math.sign(compareNatural(a, b))).toBe(-Math.sign(compareNatural(b, a)) + 0);
      expect(compareNatural(a, b) === 0).toBe(a === b);
      if (compareNatural(a, b) < 0 && compareNatural(b, c) < 0) expect(compareNatural(a, c)).toBeLessThan(0);
    }),
  );
});

const real = join(DATA, "flyem-262");
test.skipIf(!existsSync(real))("a real stack: flyem-262", async () => {
  const store = await openVolume(real);
  const { bounds, dtype } = await store.info();
  expect({ bounds, dtype }).toEqual({ bounds: box([0, 0, 0], [262, 262, 262]), dtype: "uint8" });
  const { data: voxels } = await store.read(bounds);
  expect(createHash("sha256").update(bytesOf(voxels)).digest("hex")).toBe(
    "f9affb792055397ab22f60c02bb9a29e492878c512e4cdf7275f8b94b2030d98",
  );
});
