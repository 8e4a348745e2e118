// Reads real files written by h5py of two decades, and tells what is wrong with damaged ones.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { forestProbabilities, packForests } from "@axonloom/kernels";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATA } from "../real-data.suite.ts";
import { readVigraForest, withHdf5 } from "./index.ts";

const KINDS = fileURLToPath(new URL("./kinds.fixture.h5", import.meta.url));
const PROJECT = `${DATA}/ilastik/tiny-pc.ilp`;
const GALA = `${DATA}/gala/classifiers`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-hdf5-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const code = (expected: string, message: RegExp) =>
  expect.objectContaining({ code: expected, message: expect.stringMatching(message) });

test("every kind of value, as h5py writes it", async () => {
  await withHdf5(KINDS, (file) => {
    expect(file.names("/")).toEqual([
      "big",
      "compound",
      "empty",
      "fixed",
      "flag",
      "flags",
      "floats",
      "g",
      "none",
      "opaque",
      "text",
      "texts",
    ]);
    expect(file.numbers("/big")).toEqual({ data: BigUint64Array.of(2n ** 63n + 1n), shape: [] });
    expect(file.numbers("floats")).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
    expect(Array.from(file.numbers("/flags").data, Number)).toEqual([1, 0]);
    expect(file.number("/flag")).toBe(1);
    expect(file.numbers("/none").shape).toEqual([0, 3]);
    expect(file.numbers("/g/chunked").data).toEqual(Uint16Array.from({ length: 100 }, (_, i) => i)); // deflated 3 × 3 chunks
    expect(file.strings("/fixed")).toEqual(["Gaussian (σ=1)", "b"]); // UTF-8 that says it is ASCII
    expect(file.string("/text")).toBe("Größe");
    expect(file.strings("/texts")).toEqual(["a", "σ"]);
    expect(file.string("/opaque")).toBe("clazyflow.classifiers\nX\n.");
    expect(file.attributeNames("/g")).toEqual(["b", "s", "v"]);
    expect(file.numbersAttribute("/g", "v").data).toEqual(Float64Array.of(0.1));
    expect(file.stringsAttribute("/g", "s")).toEqual(["[0:1]"]);
    expect([file.kindOf("/g"), file.kindOf("/g/chunked"), file.kindOf("/g/nothing"), file.kindOf("/h/i")]).toEqual([
      "group",
      "dataset",
      null,
      null,
    ]);
  });
});

test("what is asked for is not there, or of another kind", async () => {
  await withHdf5(KINDS, (file) => {
    expect(() => file.numbers("/h/i")).toThrow(code("E_SOURCE_DAMAGED", /kinds.*expected a dataset at \/h\/i, found nothing/));
    expect(() => file.numbers("/g")).toThrow(/expected a dataset at \/g, found a group/);
    expect(() => file.names("/text")).toThrow(/expected a group at \/text, found a dataset/);
    expect(() => file.numbers("/text")).toThrow(/expected numbers at \/text, found text/);
    expect(() => file.strings("/floats")).toThrow(/expected text at \/floats, found numbers/);
    expect(() => file.numbers("/empty")).toThrow(/expected numbers at \/empty, found an empty dataset/);
    expect(() => file.numbers("/compound")).toThrow(/expected numbers at \/compound, found another data type/);
    expect(() => file.number("/flags")).toThrow(/expected one number at \/flags, found 2/);
    expect(() => file.string("/texts")).toThrow(/expected one string at \/texts, found 2/);
    expect(() => file.numbersAttribute("/g", "w")).toThrow(/expected an attribute at \/g@w, found nothing/);
    expect(() => readVigraForest(file, "/g")).toThrow(code("E_SOURCE_DAMAGED", /expected a random forest of vigra/));
  });
});

test("files that are no HDF5, or not all of one", async () => {
  const bytes = await readFile(KINDS);
  const open = (path: string) => withHdf5(path, () => "opened");
  await expect(open(join(folder, "nowhere.h5"))).rejects.toThrow(code("E_SOURCE_NOT_FOUND", /nowhere.h5 does not exist/));
  await expect(open(folder)).rejects.toThrow(code("E_SOURCE_DAMAGED", /expected an HDF5 file, found a folder/));
  await expect(open(await fileOf("empty.h5", new Uint8Array(0)))).rejects.toThrow(code("E_SOURCE_DAMAGED", /found an empty file/));
  await expect(open(await fileOf("text.h5", Buffer.from("{}")))).rejects.toThrow(/found a file of 2 bytes without the signature/);
  for (const length of [20, 64, 1000, bytes.length - 1]) {
    await expect(open(await fileOf("cut.h5", bytes.subarray(0, length)))).rejects.toThrow(
      code("E_SOURCE_DAMAGED", new RegExp(`cut.h5 is truncated: expected .*, found ${length} bytes`)),
    );
  }
  const behindUserBlock = await fileOf("user-block.h5", Buffer.concat([Buffer.alloc(512), bytes]));
  expect(await open(behindUserBlock)).toBe("opened");
});

describe.skipIf(!existsSync(PROJECT))("real files", () => {
  test("a project of 2016", async () => {
    const forest = await withHdf5(PROJECT, (file) => {
      expect(file.string("/ilastikVersion")).toBe("1.1.7");
      expect(file.strings("/PixelClassification/ClassifierForests/feature_names")[0]).toBe("Gaussian Smoothing (σ=0.3)");
      return readVigraForest(file, "/PixelClassification/ClassifierForests/Forest0007");
    });
    expect(forest).toMatchObject({ columns: 21, classes: 4, weighted: false, labels: [1, 2, 3, 4] });
    expect(forest.trees.map(({ topology }) => topology.length)).toEqual([
      158, 179, 179, 186, 172, 151, 172, 193, 221, 284, 172, 193,
    ]);
  });

  test("a truncated project", async () => {
    const bytes = await readFile(PROJECT);
    const path = await fileOf("tiny-pc.ilp", bytes.subarray(0, 400_000));
    await expect(withHdf5(path, () => null)).rejects.toThrow(/is truncated: expected 537393 bytes, found 400000 bytes/);
  });

  test.each(["agglomclassifier", "agglomclassifier_np"])(
    "forest of gala: %s gives vigra's votes, NaN among the features",
    async (name) => {
      const vectors = JSON.parse(await readFile(`${GALA}/vigra_testvectors.json`, "utf8"))[name];
      const forest = await withHdf5(`${GALA}/${name}.rf.h5`, (file) => readVigraForest(file, "/rf"));
      expect(forest.labels).toEqual([0, 1]);
      const rows: (number | null)[][] = vectors.inputs;
      expect(rows.flat()).toContain(null);
      const features = Float32Array.from(rows.flat(), (value) => value ?? Number.NaN);
      expect(forestProbabilities(packForests([forest]), features)).toEqual(Float32Array.from(vectors.expected.flat()));
    },
  );
});
