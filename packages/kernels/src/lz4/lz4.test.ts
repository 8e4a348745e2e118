/** Raw LZ4 blocks: round trips, blocks of python-lz4 and of a DVID server, damage. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { KernelError } from "../errors.ts";
import { dvidGolden, dvidGoldenAvailable } from "../real-data.suite.ts";
import { compressLz4Block, decompressLz4Block } from "./index.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return "none";
}

const hex = (value: string) => Uint8Array.from(Buffer.from(value, "hex"));
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test("blocks of python-lz4 4.4.5", () => {
  const twenty = Array.from({ length: 20 }, (_, k) => k);
  for (const [block, plain] of [
    ["3f616263030005b068656c6c6f20776f726c64", Buffer.from(`${"abc".repeat(9)}hello world`)],
    ["1f0001004b500000000000", new Uint8Array(100)],
    ["503132333435", Buffer.from("12345")],
    [
      "ff05000102030405060708090a0b0c0d0e0f10111213140015500001020304",
      Uint8Array.from([...twenty, ...twenty, ...twenty, 0, 1, 2, 3, 4]),
    ],
    ["1f000100ffffffd2500000000000", new Uint8Array(1000)],
  ] as const) {
    expect(Buffer.from(decompressLz4Block(hex(block), plain.length))).toEqual(Buffer.from(plain));
    expect(Buffer.from(compressLz4Block(plain)).toString("hex")).toBe(block);
  }
  expect(compressLz4Block(new Uint8Array(0))).toEqual(Uint8Array.of(0));
});

const plains = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 3000 }),
  // repeated pieces, far and near
  fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 500 })), { maxLength: 20 })
    .map((pieces) => Buffer.concat(pieces.flatMap(([piece, times]) => Array<Uint8Array>(times).fill(piece)))),
  fc.integer({ min: 65_520, max: 65_550 }).map((gap) => {
    const bytes = new Uint8Array(gap + 40);
    for (let i = 0, state = gap; i < gap; i++) {
      state = Math.imul(state, 1664525) + 1013904223;
      bytes[i] = state >>> 24;
    }
    bytes.set(bytes.subarray(0, 40), gap); // as far as an offset reaches, and further
    return bytes;
  }),
);

test("what was compressed comes back, in no more than the worst case", () => {
  fc.assert(
    fc.property(plains, (plain) => {
      const block = compressLz4Block(plain);
      expect(block.length).toBeLessThanOrEqual(plain.length + Math.floor(plain.length / 255) + 16);
      expect(same(decompressLz4Block(block, plain.length), plain)).toBe(true);
      expect(codeOf(() => decompressLz4Block(block, plain.length + 1))).toBe("E_CODEC_DAMAGED");
      if (plain.length > 0) expect(codeOf(() => decompressLz4Block(block, plain.length - 1))).toBe("E_CODEC_DAMAGED");
    }),
    { numRuns: 300 },
  );
});

test("the end of a block is literals, as the format wants it", () => {
  // the last 5 bytes, and no match that begins within the last 12
  for (let length = 0; length < 40; length++) {
    const block = compressLz4Block(new Uint8Array(length));
    const literals = block.at(-1 - Math.min(length, 5))! >> 4;
    if (length > 12) expect([length, literals, block.length]).toEqual([length, 5, length < 25 ? 10 : 11]);
    else expect(block.length).toBe(length + 1);
  }
});

test("damage: a typed error, or bytes of the right length", () => {
  const plain = Uint8Array.from({ length: 2000 }, (_, i) => (i % 100 < 60 ? i % 7 : (i * i) % 251));
  const block = compressLz4Block(plain);
  for (let length = 0; length < block.length; length++) {
    expect(codeOf(() => decompressLz4Block(block.subarray(0, length), 2000))).toBe("E_CODEC_DAMAGED");
  }
  let refused = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(block.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
      const changed = block.slice();
      for (const [at, value] of changes) changed[at] = value;
      const code = codeOf(() => decompressLz4Block(changed, 2000));
      if (code !== "none") refused++;
      expect(["none", "E_CODEC_DAMAGED"]).toContain(code);
    }),
    { numRuns: 2000 },
  );
  expect(refused).toBeGreaterThan(50);
  expect(codeOf(() => decompressLz4Block(Uint8Array.of(0x10, 1, 2, 0), 8))).toBe("E_CODEC_DAMAGED"); // before the start
  expect(codeOf(() => decompressLz4Block(Uint8Array.of(0x10, 1, 0, 0, 0), 5))).toBe("E_CODEC_DAMAGED"); // offset 0
  expect(codeOf(() => decompressLz4Block(block, -1))).toBe("E_KERNEL_ARGUMENT");
  expect(codeOf(() => decompressLz4Block(block, 2 ** 40))).toBe("E_KERNEL_ARGUMENT");
});

test.skipIf(!dvidGoldenAvailable)("voxels recorded from a DVID server, sent and received", () => {
  const wide = dvidGolden("block_wide.u64.gz");
  const cells = dvidGolden("block_cells.u64.gz");
  const received = dvidGolden("get_raw_lz4.response.bin.gz");
  expect(same(decompressLz4Block(received, cells.length), cells)).toBe(true);
  expect(compressLz4Block(cells).length).toBeLessThan(received.length * 1.05);
  // 128 × 64 × 64 voxels: the two blocks side by side along x
  const row = 64 * 8;
  const both = new Uint8Array(2 * wide.length);
  for (let k = 0; k < 64 * 64; k++) {
    both.set(wide.subarray(k * row, (k + 1) * row), 2 * k * row);
    both.set(cells.subarray(k * row, (k + 1) * row), (2 * k + 1) * row);
  }
  expect(same(decompressLz4Block(dvidGolden("post_raw_lz4.request.bin.gz"), both.length), both)).toBe(true);
  expect(same(decompressLz4Block(compressLz4Block(both), both.length), both)).toBe(true);
});
