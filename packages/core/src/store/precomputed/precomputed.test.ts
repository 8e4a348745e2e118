import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAxonloomError } from "../../errors.ts";
import { box, shapeOf } from "../../geometry/box.ts";
import { bytesOf, type Dtype } from "../../volume/block.ts";
import { type Contract, contractSuite, patternBlock, specOf, temporaryFolder } from "../contract.suite.ts";
import { createVolume, openVolume, planWriteGrid, publishVolume } from "../index.ts";
import { parseInfo } from "./info.ts";
import { halved } from "./plan.ts";

const bounds = box([-3, 5, 0], [10, 25, 17]);

const contract = (name: string, dtypes: readonly Dtype[], options: Record<string, string | boolean>): Contract => {
  const destination = (folder: string) => `precomputed://${join(folder, "volume")}`;
  return {
    name: `precomputed (${name})`,
    dtypes,
    bounds,
    async make(folder, spec, block) {
      await (await createVolume(destination(folder), spec)).write(spec.bounds, block);
      await publishVolume(destination(folder));
      return destination(folder);
    },
    async voxelFile(folder) {
      const chunks = join(folder, "volume", "4_8_40");
      return join(chunks, (await readdir(chunks))[0]!);
    },
    missing: (folder) => `precomputed://${join(folder, "none")}`,
    writing: { destination, spec: { chunk: [8, 8, 8], options } },
  };
};

contractSuite(contract("raw", ["uint16", "uint8", "uint32", "uint64", "float32"], { encoding: "raw" }));
contractSuite(contract("raw, gzip", ["uint32"], { encoding: "raw", gzip: true }));
contractSuite(contract("compressed_segmentation", ["uint64", "uint32"], {}));
contractSuite(contract("compressed_segmentation, gzip", ["uint64"], { gzip: true }));

const INFO = {
  "@type": "neuroglancer_multiscale_volume",
  type: "segmentation",
  data_type: "uint32",
  num_channels: 1,
  scales: [
    { key: "8_8_8", size: [3, 2, 1], resolution: [8, 8, 8], voxel_offset: [0, 0, 0], chunk_sizes: [[64, 64, 64]], encoding: "raw" },
    {
      key: "16_16_16",
      size: [2, 1, 1],
      resolution: [16, 16, 16],
      voxel_offset: [0, 0, 0],
      chunk_sizes: [[64, 64, 64]],
      encoding: "jpeg",
    },
  ],
};

describe("the info file", () => {
  test("as written", async () => {
    const path = join(await temporaryFolder(), "v");
    await createVolume(`precomputed://${path}`, { ...specOf("uint64", bounds), chunk: [8, 8, 8] });
    expect(JSON.parse(await readFile(`${path}.partial/info`, "utf8"))).toEqual({
      "@type": "neuroglancer_multiscale_volume",
      type: "segmentation",
      data_type: "uint64",
      num_channels: 1,
      scales: [
        {
          key: "4_8_40",
          size: [17, 20, 13],
          resolution: [4, 8, 40],
          voxel_offset: [0, 5, -3],
          chunk_sizes: [[8, 8, 8]],
          encoding: "compressed_segmentation",
          compressed_segmentation_block_size: [8, 8, 8],
        },
        {
          key: "8_16_80",
          size: [9, 10, 7],
          resolution: [8, 16, 80],
          voxel_offset: [0, 2, -2],
          chunk_sizes: [[8, 8, 8]],
          encoding: "compressed_segmentation",
          compressed_segmentation_block_size: [8, 8, 8],
        },
        {
          key: "16_32_160",
          size: [5, 5, 4],
          resolution: [16, 32, 160],
          voxel_offset: [0, 1, -1],
          chunk_sizes: [[8, 8, 8]],
          encoding: "compressed_segmentation",
          compressed_segmentation_block_size: [8, 8, 8],
        },
      ],
    });
  });

  test("chunks of 64, one level while one chunk holds it all, at most eight", async () => {
    const at = join(await temporaryFolder(), "v");
    expect(await planWriteGrid(at, specOf("uint8", bounds))).toEqual({ origin: [-3, 5, 0], cell: [64, 64, 64] });
    const levels = async (stop: number, options = {}) => {
      const store = await createVolume(join(await temporaryFolder(), "v"), {
        ...specOf("uint8", box([0, 0, 0], [1, stop, 7])),
        options,
      });
      return (await store.info()).scales?.length;
    };
    expect(await levels(64)).toBe(1);
    expect(await levels(65)).toBe(2);
    expect(await levels(129)).toBe(3);
    expect(await levels(1_000_000)).toBe(8);
    expect(await levels(129, { levels: 1 })).toBe(1);
  });

  test.each([
    ["raw labels", { encoding: "png" }],
    ["compressed uint8", { encoding: "compressed_segmentation" }],
    ["gzip in words", { gzip: "yes" }],
    ["no level", { levels: 0 }],
  ])("options that are refused: %s", async (_, options) => {
    const wrong = createVolume(join(await temporaryFolder(), "v"), { ...specOf("uint8", bounds), options });
    await expect(wrong).rejects.toMatchObject({ code: "E_SOURCE_UNSUPPORTED" });
  });

  const codeOf = (info: unknown, scale = 0) => {
    try {
      return parseInfo(typeof info === "string" ? info : JSON.stringify(info), scale, "precomputed://t").dtype;
    } catch (error) {
      return isAxonloomError(error) ? error.code : error;
    }
  };
  const scaleWith = (change: object) => ({ ...INFO, scales: [{ ...INFO.scales[0], ...change }] });

  test.each([
    ["no JSON", "{", "E_SOURCE_DAMAGED"],
    ["a list", [], "E_SOURCE_DAMAGED"],
    ["a mesh", { "@type": "neuroglancer_legacy_mesh" }, "E_SOURCE_UNSUPPORTED"],
    ["no type", { ...INFO, type: undefined }, "E_SOURCE_DAMAGED"],
    ["int64", { ...INFO, data_type: "int64" }, "E_DTYPE"],
    ["three channels", { ...INFO, num_channels: 3 }, "E_SOURCE_UNSUPPORTED"],
    ["no scale", { ...INFO, scales: [] }, "E_SOURCE_DAMAGED"],
    ["sharded", scaleWith({ sharding: { "@type": "neuroglancer_uint64_sharded_v1" } }), "E_SOURCE_UNSUPPORTED"],
    ["jpeg", scaleWith({ encoding: "jpeg" }), "E_SOURCE_UNSUPPORTED"],
    ["no block size", scaleWith({ encoding: "compressed_segmentation" }), "E_SOURCE_DAMAGED"],
    ["an empty size", scaleWith({ size: [0, 1, 1] }), "E_SOURCE_DAMAGED"],
    ["a broken size", scaleWith({ size: [1.5, 1, 1] }), "E_SOURCE_DAMAGED"],
    ["no chunk size", scaleWith({ chunk_sizes: [] }), "E_SOURCE_DAMAGED"],
    ["a flat resolution", scaleWith({ resolution: [8, 8] }), "E_SOURCE_DAMAGED"],
    ["a number for a key", scaleWith({ key: 8 }), "E_SOURCE_DAMAGED"],
    ["the least that is needed", { ...scaleWith({ voxel_offset: undefined, sharding: null }), "@type": undefined }, "uint32"],
  ])("read: %s", (_, info, expected) => {
    expect(codeOf(info)).toBe(expected);
  });

  test("each scale stands for itself", () => {
    expect([codeOf(INFO, 0), codeOf(INFO, 1), codeOf(INFO, 2)]).toEqual(["uint32", "E_SOURCE_UNSUPPORTED", "E_SOURCE_NOT_FOUND"]);
  });

  test("any change gives a typed error or a volume that can be read", async () => {
    const folder = await temporaryFolder();
    const keys = ["@type", "type", "data_type", "num_channels", "scales"] as const;
    const scaleKeys = ["key", "size", "resolution", "voxel_offset", "chunk_sizes", "encoding", "sharding"] as const;
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.array(fc.integer(), { minLength: 3, maxLength: 3 }));
    const changed = fc.oneof(
      fc.tuple(fc.constantFrom(...keys), value).map(([key, v]) => JSON.stringify({ ...INFO, [key]: v })),
      fc.tuple(fc.constantFrom(...scaleKeys), value).map(([key, v]) => JSON.stringify(scaleWith({ [key]: v }))),
      fc.tuple(fc.nat(600), fc.string({ maxLength: 3 })).map(([at, s]) => {
        const text = JSON.stringify(INFO);
        return text.slice(0, at) + s + text.slice(at + s.length);
      }),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (text) => {
        await writeFile(join(folder, "info"), text);
        try {
          const store = await openVolume(`precomputed://${folder}`);
          const { start } = (await store.info()).bounds;
          const voxel = await store.read(box(start, [start[0] + 1, start[1] + 1, start[2] + 1]));
          expect(Number(voxel.data[0])).toBe(0);
        } catch (error) {
          if (!isAxonloomError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("chunk files", () => {
  const made = async (dtype: Dtype, options = {}) => {
    const path = join(await temporaryFolder(), "v");
    const spec = specOf(dtype, bounds, { chunk: [8, 8, 8], options });
    const store = await createVolume(path, spec);
    const block = patternBlock(dtype, shapeOf(bounds));
    await store.write(bounds, block);
    await publishVolume(path);
    return { path, block, chunks: join(path, "4_8_40") };
  };

  test("their names, and nothing else in the volume's folder", async () => {
    const { path, chunks } = await made("uint8");
    expect((await readdir(path)).sort()).toEqual(["16_32_160", "4_8_40", "8_16_80", "info"]);
    const names = await readdir(chunks);
    expect(names).toHaveLength(3 * 3 * 2);
    expect(names).toContain("0-8_5-13_-3-5");
    expect(names).toContain("16-17_21-25_5-10");
    expect(await readFile(join(chunks, "16-17_21-25_5-10"))).toHaveLength(1 * 4 * 5);
    expect(await readdir((await made("uint8", { gzip: true })).chunks)).toContain("0-8_5-13_-3-5.gz");
  });

  test.each(["gzip under the plain name", "gzip under .gz", "plain"])("what other programs write: %s", async (form) => {
    const { path, block, chunks } = await made("uint32");
    for (const name of await readdir(chunks)) {
      const bytes = await readFile(join(chunks, name));
      if (form !== "plain") await writeFile(join(chunks, name), gzipSync(bytes));
      if (form === "gzip under .gz") await rename(join(chunks, name), join(chunks, `${name}.gz`));
    }
    expect((await (await openVolume(path)).read(bounds)).data).toEqual(block.data);
  });

  test("raw voxels that begin like a gzip file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "info"), JSON.stringify(INFO));
    await mkdir(join(folder, "8_8_8"));
    const voxels = new Uint32Array([0x08088b1f, 1, 2, 3, 4, 5]);
    await writeFile(join(folder, "8_8_8", "0-3_0-2_0-1"), bytesOf(voxels));
    expect((await (await openVolume(folder)).read(box([0, 0, 0], [1, 2, 3]))).data).toEqual(voxels);
  });

  test("a missing chunk is zero", async () => {
    const { path, chunks } = await made("uint16");
    await rename(join(chunks, "0-8_5-13_-3-5"), join(dirname(path), "away"));
    const store = await openVolume(path);
    expect((await store.read(box([-3, 5, 0], [5, 13, 8]))).data.every((v) => v === 0)).toBe(true);
    expect((await store.read(box([-3, 5, 0], [5, 13, 9]))).data.some((v) => v !== 0)).toBe(true);
  });

  test("a read's array shares its memory with nothing", async () => {
    for (const options of [{}, { gzip: true }, { encoding: "raw" }, { encoding: "raw", gzip: true }]) {
      const { path } = await made("uint64", options);
      const { data } = await (await openVolume(path)).read(box([-3, 5, 0], [5, 13, 8]));
      expect(data.buffer.byteLength).toBe(data.byteLength);
    }
  });

  test("a chunk that unpacks to more than it may", async () => {
    const { path, chunks } = await made("uint64", { gzip: true });
    await writeFile(join(chunks, "0-8_5-13_-3-5.gz"), gzipSync(Buffer.alloc(50_000_000)));
    const reading = (await openVolume(path)).read(bounds);
    await expect(reading).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED", message: expect.stringContaining("0-8_5-13_-3-5") });
    expect(gunzipSync(await readFile(join(chunks, "8-16_5-13_-3-5.gz"))).length).toBeGreaterThan(0);
  });

  test("a coarser scale is a volume of its own", async () => {
    const { path } = await made("uint8");
    const finest = await openVolume(path);
    const { scales } = await finest.info();
    expect(scales).toEqual([0, 1, 2].map((n) => `precomputed://${path}?scale=${n}`));
    const coarse = await openVolume(scales![1]!);
    const info = await coarse.info();
    expect(info).toMatchObject({ bounds: halved(bounds), voxelSizeNm: [80, 16, 8] });
    expect(info.scales).toBeUndefined();
    await expect(openVolume(`precomputed://${path}?scale=3`)).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
    await expect(openVolume(`precomputed://${path}?scale=-1`)).rejects.toMatchObject({ code: "E_SOURCE_NAME" });
  });
});
