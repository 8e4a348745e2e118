import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fib25Available, fib25Labels, fib25Membrane } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { downsampleMean, downsampleMode } from "./index.ts";
import { meanReference, modeReference } from "./reference.ts";

test("mode by hand: majority, tie, zero, cut windows", () => {
  // 2 × 3: window (9 9 / 9 5) -> 9, cut window (4 / 3) -> tie, 3
  expect(downsampleMode(Uint8Array.of(9, 9, 4, 9, 5, 3), [1, 2, 3])).toEqual({ data: Uint8Array.of(9, 3), shape: [1, 1, 2] });
  // 0 counts: 0 0 7 -> 0; tie of 0 and 7 -> 0
  expect(downsampleMode(Uint16Array.of(0, 0, 7, 7, 0), [1, 1, 5], [1, 1, 3]).data).toEqual(Uint16Array.of(0, 0));
  // ties of uint64 are decided by the high word first
  const labels = BigUint64Array.of(1n << 63n, 5n << 32n, (4n << 32n) + 9n, 2n ** 64n - 1n);
  expect(downsampleMode(labels, [1, 2, 2]).data).toEqual(BigUint64Array.of((4n << 32n) + 9n));
});

test("mode without zeros by hand: 0 gives way, and stays where it is alone", () => {
  const labels = Uint32Array.of(0, 0, 0, 7, 0, 0, 5, 4);
  expect(downsampleMode(labels, [1, 1, 8], [1, 1, 4], { ignoreZero: true }).data).toEqual(Uint32Array.of(7, 4));
  const wide = BigUint64Array.of(0n, 0n, 0n, 5n << 32n, 0n, 0n);
  expect(downsampleMode(wide, [1, 1, 6], [1, 1, 4], { ignoreZero: true }).data).toEqual(BigUint64Array.of(5n << 32n, 0n));
});

test("mean by hand: half up, cut windows, floats", () => {
  expect(downsampleMean(Uint8Array.of(1, 2, 2, 255, 255, 255), [1, 1, 6], [1, 1, 2]).data).toEqual(Uint8Array.of(2, 129, 255));
  expect(downsampleMean(Uint8Array.of(0, 0, 0, 1, 7), [1, 1, 5], [1, 1, 4]).data).toEqual(Uint8Array.of(0, 7));
  expect(downsampleMean(Uint32Array.of(0xffffffff, 0xfffffffe), [2, 1, 1]).data).toEqual(Uint32Array.of(0xffffffff));
  expect(downsampleMean(Float32Array.of(1, 2, 4), [1, 3, 1], [1, 2, 1])).toEqual({
    data: Float32Array.of(1.5, 4),
    shape: [1, 2, 1],
  });
});

const size = fc.integer({ min: 0, max: 7 });
const cases = fc.record({
  shape: fc.tuple(size, size, size).map((shape) => shape as Shape3),
  factors: fc.constantFrom<Shape3>([2, 2, 2], [1, 2, 2], [3, 1, 4], [8, 8, 8], [1, 1, 1]),
  choices: fc.oneof(
    fc.constant([0n, 1n]),
    fc.constant([0n, 1n << 32n, 1n, (1n << 32n) + 1n, 2n ** 64n - 1n]),
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 30 }),
  ),
  random: fc.infiniteStream(fc.nat(1_000_000)),
});

test("same as the plain versions, for every type", () => {
  fc.assert(
    fc.property(cases, ({ shape, factors, choices, random }) => {
      const n = shape[0] * shape[1] * shape[2];
      const wide = BigUint64Array.from({ length: n }, () => choices[(random.next().value as number) % choices.length]!);
      const narrow = Array.from(wide, (label) => Number(label & 0xffffffffn));
      const integers = [Uint8Array.from(narrow), Uint16Array.from(narrow), Uint32Array.from(narrow)];
      for (const labels of [wide, ...integers]) {
        const { data, shape: coarse } = downsampleMode(labels, shape, factors);
        expect(coarse).toEqual(shape.map((length, axis) => Math.ceil(length / factors[axis]!)));
        expect(data.constructor).toBe(labels.constructor);
        expect(Array.from(data, BigInt)).toEqual(modeReference(labels, shape, factors));
        const nonZero = downsampleMode(labels, shape, factors, { ignoreZero: true });
        expect(Array.from(nonZero.data, BigInt)).toEqual(modeReference(labels, shape, factors, true));
      }
      for (const values of [...integers, Float32Array.from(narrow, (value) => value / 7)]) {
        const { data } = downsampleMean(values, shape, factors);
        expect(data.constructor).toBe(values.constructor);
        expect(Array.from(data)).toEqual(meanReference(values, shape, factors));
      }
    }),
    { numRuns: 200 },
  );
});

test("wrong arguments", () => {
  expect(() => downsampleMode(new Uint8Array(7), [2, 2, 2])).toThrow(/expected 8/);
  for (const factors of [
    [0, 2, 2],
    [2, 2, 1.5],
    [1024, 1024, 1],
  ] as Shape3[]) {
    expect(() => downsampleMean(new Uint8Array(8), [2, 2, 2], factors)).toThrow(/factors: expected three positive integers/);
  }
});

const digest = (array: Uint32Array | BigUint64Array | Uint8Array) =>
  createHash("sha256")
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest("hex");

test.skipIf(!fib25Available)("fib25: three levels as numpy makes them", () => {
  const labels = fib25Labels("ws");
  const levels = (first: Uint32Array | BigUint64Array) => {
    const second = downsampleMode(first, [250, 250, 250]);
    const third = downsampleMode(second.data, second.shape);
    return downsampleMode(third.data, third.shape, [1, 3, 2]);
  };
  const coarse = levels(labels);
  expect(coarse.shape).toEqual([63, 21, 32]);
  expect(digest(coarse.data)).toBe("c809dd1f6ab6a3e5f3c92591993e15717399107722e2c3a7fa63acdfe3705753");
  const wide = new BigUint64Array(labels.length);
  const halves = new Uint32Array(wide.buffer);
  labels.forEach((label, i) => {
    halves[2 * i] = label;
  });
  expect(digest(levels(wide).data)).toBe("c973d129aea8f2e62a2bfc4d81d9325cfa7e54138785d266c0a1b1845c268986");

  const image = fib25Membrane();
  const second = downsampleMean<Uint8Array>(image, [250, 250, 250]);
  const third = downsampleMean(second.data, second.shape);
  expect(digest(downsampleMean(third.data, third.shape, [1, 3, 2]).data)).toBe(
    "48478c698f0a981a58d5b1d518cb8581daebf1104e4075c267aeaa43a9768e84",
  );
});
