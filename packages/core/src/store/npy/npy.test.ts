import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAxonloomError } from "../../errors.ts";
import { box, toXyz } from "../../geometry/box.ts";
import { DATA } from "../../real-data.suite.ts";
import { bytesOf, type Dtype } from "../../volume/block.ts";
import { type Contract, contractSuite, specOf, temporaryFolder } from "../contract.suite.ts";
import { createVolume, openVolume, planWriteGrid, publishVolume } from "../index.ts";
import { formatNpyHeader, NPY_HEAD_BYTES, parseNpyHeader } from "./header.ts";

const ALL: readonly Dtype[] = ["uint8", "uint16", "uint32", "uint64", "float32"];
const bounds = box([0, -5, 3], [9, 6, 16]);

for (const ending of [".npy", ".npy.gz"]) {
  const destination = (folder: string) =>
    `npy://${join(folder, `volume${ending}`)}?offset=${toXyz(bounds.start)}&voxel-size-nm=4,8,40`;
  const contract: Contract = {
    name: `npy (${ending})`,
    dtypes: ALL,
    bounds,
    async make(folder, spec, block) {
      await (await createVolume(destination(folder), spec)).write(spec.bounds, block);
      await publishVolume(destination(folder));
      return destination(folder);
    },
    voxelFile: async (folder) => join(folder, `volume${ending}`),
    missing: (folder) => `npy://${join(folder, `other${ending}`)}`,
    writing: { destination },
  };
  contractSuite(contract);
}

const header = (dict: string, version = 1) => {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(dict.length + 1);
  else length.writeUInt32LE(dict.length + 1);
  return Buffer.concat([Buffer.from(`\x93NUMPY`, "latin1"), Buffer.from([version, 0]), length, Buffer.from(`${dict}\n`, "latin1")]);
};
const dict = (descr: string, shape = "(1, 2, 3)", fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
const codeOf = (f: () => unknown) => {
  try {
    f();
    return "no error";
  } catch (error) {
    return isAxonloomError(error) ? error.code : error;
  }
};

describe("npy headers", () => {
  test.each([1, 2, 3])("version %i", (version) => {
    const bytes = header(dict("<u4"), version);
    expect(parseNpyHeader(bytes, "npy://t")).toEqual({
      dtype: "uint32",
      signed: false,
      shape: [1, 2, 3],
      dataOffset: bytes.length,
    });
  });

  test("keys in any order, double quotes, no trailing comma", () => {
    const bytes = header(`{"shape": (4,5,6), "fortran_order": False, "descr": "|u1"}`);
    expect(parseNpyHeader(bytes, "npy://t")).toMatchObject({ dtype: "uint8", shape: [4, 5, 6] });
  });

  test.each([
    ["big endian", dict(">u4"), "E_DTYPE"],
    ["float64", dict("<f8"), "E_DTYPE"],
    ["a record", "{'descr': [('a', '<u4')], 'fortran_order': False, 'shape': (1, 2, 3), }", "E_DTYPE"],
    ["Fortran order", dict("<u4", "(1, 2, 3)", "True"), "E_SOURCE_UNSUPPORTED"],
    ["two dimensions", dict("<u4", "(2, 3)"), "E_SOURCE_UNSUPPORTED"],
    ["no voxel", dict("<u4", "(2, 0, 3)"), "E_SOURCE_UNSUPPORTED"],
    ["huge", dict("<u8", "(9999999999, 9999999999, 3)"), "E_SOURCE_DAMAGED"],
    ["a hole in the shape", dict("<u8", "(1, 2 3, 4)"), "E_SOURCE_DAMAGED"],
    ["a missing key", "{'descr': '<u4', 'shape': (1, 2, 3), }", "E_SOURCE_DAMAGED"],
    ["a key twice", "{'descr': '<u4', 'descr': '<u4', 'fortran_order': False, 'shape': (1, 2, 3), }", "E_SOURCE_DAMAGED"],
    ["a foreign key", "{'descr': '<u4', 'fortran_order': False, 'shape': (1, 2, 3), 'x': 'y'}", "E_SOURCE_DAMAGED"],
    ["no dict", "hello", "E_SOURCE_DAMAGED"],
  ])("refused: %s", (_, text, code) => {
    expect(codeOf(() => parseNpyHeader(header(text), "npy://t"))).toBe(code);
  });

  test("written as numpy.save writes it", () => {
    // numpy.save of numpy.zeros((2, 3, 4), '<u4'), first 128 bytes
    const text = "{'descr': '<u4', 'fortran_order': False, 'shape': (2, 3, 4), }";
    const expected = Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"),
      Buffer.from(`${text.padEnd(117)}\n`, "latin1"),
    ]);
    expect(Buffer.from(formatNpyHeader("uint32", [2, 3, 4])).equals(expected)).toBe(true);
  });

  test("any bytes give a typed error or a right answer", () => {
    const spoilt = fc.tuple(fc.constantFrom(...ALL), fc.nat(4000), fc.uint8Array({ maxLength: 12 })).map(([dtype, at, bytes]) => {
      const good = formatNpyHeader(dtype, [3, 4, 5]);
      good.set(bytes.subarray(0, Math.max(0, good.length - at)), Math.min(at, good.length));
      return good;
    });
    const dictLike = fc
      .string({ unit: fc.constantFrom(..."{}'(),:<u48descr fortran_order shape TrueFalse123".split("")) })
      .map((s) => header(s));
    fc.assert(
      fc.property(fc.oneof(spoilt, dictLike, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        try {
          const { shape, dataOffset } = parseNpyHeader(bytes, "npy://t");
          expect(shape.length === 3 && shape.every((n) => Number.isSafeInteger(n) && n > 0)).toBe(true);
          expect(dataOffset <= NPY_HEAD_BYTES && dataOffset <= bytes.length).toBe(true);
        } catch (error) {
          if (!isAxonloomError(error)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test("an offset that the destination's name does not tell is refused, and the name is given", async () => {
  const destination = join(await temporaryFolder(), "a.npy");
  const spec = specOf("uint8", bounds);
  const refused = { code: "E_SOURCE_UNSUPPORTED", message: expect.stringContaining(`npy://${destination}?offset=3,-5,0`) };
  await expect(createVolume(destination, spec)).rejects.toMatchObject(refused);
  await expect(planWriteGrid(destination, spec)).rejects.toMatchObject(refused);
});

test("signed integers are labels as long as none is negative", async () => {
  const folder = await temporaryFolder();
  const write = async (name: string, descr: string, data: Int8Array | Int16Array | Int32Array | BigInt64Array) => {
    const bytes = Buffer.concat([header(dict(descr)), new Uint8Array(data.buffer)]);
    await writeFile(join(folder, name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);
    return await (await openVolume(join(folder, name))).read(box([0, 0, 0], [1, 2, 3]));
  };
  expect((await write("a.npy", "<i4", new Int32Array([0, 1, 2, 3, 4, 2147483647]))).data).toEqual(
    new Uint32Array([0, 1, 2, 3, 4, 2147483647]),
  );
  expect((await write("b.npy.gz", "<i8", new BigInt64Array([0n, 1n, 2n, 3n, 4n, 2n ** 62n]))).data).toEqual(
    new BigUint64Array([0n, 1n, 2n, 3n, 4n, 2n ** 62n]),
  );
  const negative = { code: "E_DTYPE" };
  await expect(write("c.npy", "|i1", new Int8Array([0, 1, 2, 3, 4, -1]))).rejects.toMatchObject(negative);
  await expect(write("d.npy", "<i2", new Int16Array([0, 1, 2, 3, 4, -300]))).rejects.toMatchObject(negative);
  await expect(write("e.npy.gz", "<i8", new BigInt64Array([0n, 1n, 2n, 3n, 4n, -1n]))).rejects.toMatchObject(negative);
});

test("a file that is longer than its header says", async () => {
  const folder = await temporaryFolder();
  const bytes = Buffer.concat([header(dict("|u1")), Buffer.alloc(7)]);
  await writeFile(join(folder, "a.npy"), bytes);
  await writeFile(join(folder, "b.npy"), gzipSync(bytes));
  await expect(openVolume(join(folder, "a.npy"))).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
  const store = await openVolume(join(folder, "b.npy"));
  await expect(store.read(box([0, 0, 0], [1, 1, 1]))).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
});

const real = join(DATA, "fib25-training2", "gray.npy.gz");
test.skipIf(!existsSync(real))("a real array: fib25 grey values", async () => {
  const store = await openVolume(real);
  const { bounds: whole, dtype } = await store.info();
  expect({ whole, dtype }).toEqual({ whole: box([0, 0, 0], [250, 250, 250]), dtype: "uint8" });
  const block = await store.read(whole);
  const sum = (block.data as Uint8Array).reduce((a, b) => a + b, 0);
  expect((sum / block.data.length).toFixed(4)).toBe("130.0257");
  // sha256 of the unpacked file, from the data's index
  const file = createHash("sha256")
    .update(formatNpyHeader("uint8", [250, 250, 250]))
    .update(bytesOf(block.data))
    .digest("hex");
  expect(file).toBe("7eecebdde583cdade4fdd13c90f769ac27da44d1f470eeefb2f8b1a11f44e37c");
});
