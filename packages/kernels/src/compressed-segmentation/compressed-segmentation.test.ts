import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KernelError } from "../errors.ts";
import { fib25Available, fib25Labels } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { decodeCompressedSegmentation, encodeCompressedSegmentation } from "./index.ts";
import { decodeReference } from "./reference.ts";

const bytesOf = (...words: number[]) => new Uint8Array(Uint32Array.from(words).buffer);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return "none";
}

const volumes = fc
  .record({
    shape: fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 19 })),
    block: fc.constantFrom<Shape3>([8, 8, 8], [1, 1, 1], [2, 3, 5], [4, 8, 16], [16, 16, 16]),
    distinct: fc.constantFrom(1, 2, 3, 5, 17, 300, 5000),
    wide: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ shape, block, distinct, wide, seed }) => {
    const n = shape[0] * shape[1] * shape[2];
    let state = seed;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 8;
    };
    const values = Array.from({ length: n }, () => (BigInt(next() % distinct) * 0x1_2345_6789_abcdn) % 2n ** (wide ? 64n : 32n));
    // runs, so that blocks share tables
    for (let i = 1; i < n; i++) if (next() % 4 !== 0) values[i] = values[i - 1]!;
    return { shape: shape as Shape3, block, labels: wide ? BigUint64Array.from(values) : Uint32Array.from(values, Number), values };
  });

test("both decoders give back what was encoded", () => {
  fc.assert(
    fc.property(volumes, ({ shape, block, labels, values }) => {
      const wide = labels instanceof BigUint64Array;
      const bytes = encodeCompressedSegmentation(labels, shape, block);
      expect(decodeCompressedSegmentation(bytes, shape, wide ? "uint64" : "uint32", block)).toEqual(labels);
      expect(decodeReference(bytes, shape, wide, block)).toEqual(values);
    }),
    { numRuns: 300 },
  );
});

test("bytes made by hand", () => {
  // z, y, x: (7 7 9 / 7 9 7) (9 9 9 / 9 9 7)
  // two blocks of 2×2×2 side by side, the second cut to one column: 7 7 / 7 9 / 9 9 / 9 9 and 9 . / 7 . / 9 . / 7 .
  const labels = Uint32Array.of(7, 7, 9, 7, 9, 7, 9, 9, 9, 9, 9, 7);
  const bytes = bytesOf(
    1,
    ...[(1 << 24) | 5, 4], // block 0: 1 bit, table at word 5, values at word 4
    ...[(1 << 24) | 5, 7], // block 1: the same table
    0b11111000, // block 0: 0 0 0 1 1 1 1 1
    ...[7, 9],
    0b00010001, // block 1: 1 . 0 . 1 . 0 . with padding 0
  );
  const shape: Shape3 = [2, 2, 3];
  expect(encodeCompressedSegmentation(labels, shape, [2, 2, 2])).toEqual(bytes);
  expect(decodeCompressedSegmentation(bytes, shape, "uint32", [2, 2, 2])).toEqual(labels);

  const large = (5n << 32n) | 6n;
  const uniform = bytesOf(1, 2, 2, 6, 5);
  expect(encodeCompressedSegmentation(BigUint64Array.of(large, large), [1, 1, 2])).toEqual(uniform);
  expect(decodeCompressedSegmentation(uniform, [1, 1, 2], "uint64")).toEqual(BigUint64Array.of(large, large));
});

test("32-bit values, and bytes that do not begin on a word", () => {
  const labels = Uint32Array.from({ length: 70_000 }, (_, i) => i * 3);
  const bytes = encodeCompressedSegmentation(labels, [1, 1, 70_000], [1, 1, 70_000]);
  expect(bytes[7]).toBe(32);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  for (const odd of [shifted.subarray(1), Buffer.from(shifted.buffer, 1)]) {
    expect(decodeCompressedSegmentation(odd, [1, 1, 70_000], "uint32", [1, 1, 70_000])).toEqual(labels);
  }
});

test("tables behind 24 bits of words are refused", () => {
  const size = 192;
  const labels = new BigUint64Array(size ** 3);
  new Uint32Array(labels.buffer).forEach((_, i, words) => {
    words[i] = i;
  });
  expect(codeOf(() => encodeCompressedSegmentation(labels, [size, size, size]))).toBe("E_CODEC_LIMIT");
});

test("damaged bytes: a typed error or labels of the right length", () => {
  const shape: Shape3 = [3, 9, 10];
  const labels = BigUint64Array.from({ length: 270 }, (_, i) => BigInt((i * i) % 23));
  const bytes = encodeCompressedSegmentation(labels, shape);
  for (let length = 0; length < bytes.length; length++) {
    expect(codeOf(() => decodeCompressedSegmentation(bytes.subarray(0, length), shape, "uint64"))).toBe("E_CODEC_DAMAGED");
  }
  let refused = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
      const changed = bytes.slice();
      for (const [at, value] of changes) changed[at] = value;
      const code = codeOf(() => expect(decodeCompressedSegmentation(changed, shape, "uint64").length).toBe(270));
      if (code !== "none") refused++;
      expect(["none", "E_CODEC_DAMAGED"]).toContain(code);
    }),
    { numRuns: 1000, seed: 5 },
  );
  expect(refused).toBeGreaterThan(50);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
      expect(["none", "E_CODEC_DAMAGED"]).toContain(codeOf(() => decodeCompressedSegmentation(noise, [2, 2, 2], "uint32")));
    }),
  );
});

test("wrong arguments", () => {
  expect(codeOf(() => encodeCompressedSegmentation(new Uint32Array(7), [2, 2, 2]))).toBe("E_KERNEL_ARGUMENT");
  expect(codeOf(() => encodeCompressedSegmentation(new Uint32Array(8), [2, 2, 2], [0, 8, 8]))).toBe("E_KERNEL_ARGUMENT");
  expect(codeOf(() => decodeCompressedSegmentation(bytesOf(1), [2, -2, 2], "uint32"))).toBe("E_KERNEL_ARGUMENT");
});

test.skipIf(!fib25Available)("fib25: the bytes of the Python package compressed_segmentation 2.3.3", () => {
  const all = fib25Labels("ws");
  const shape: Shape3 = [61, 45, 77];
  const labels = new Uint32Array(61 * 45 * 77);
  for (let row = 0; row < 61 * 45; row++) {
    const from = (Math.floor(row / 45) * 250 + (row % 45)) * 250;
    labels.set(all.subarray(from, from + 77), row * 77);
  }
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(digest(encodeCompressedSegmentation(labels, shape))).toBe(
    "db0d18c81e7c83d5519679c7b52d5b5904efb955c0670e02809db04146a4979a",
  );
  const wide = BigUint64Array.from(labels, (label) => BigInt(label) << 20n);
  expect(digest(encodeCompressedSegmentation(wide, shape))).toBe(
    "56bc3f6f7e10d84f58fc7a21f3ca43a81ce3b2231e9b5bf225b80620f9de4d71",
  );
});
