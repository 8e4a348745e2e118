import fc from "fast-check";
import { expect, test } from "vitest";
import { fib25Available, fib25Labels } from "../real-data.suite.ts";
import { countOverlaps } from "./index.ts";
import { countOverlapsReference } from "./reference.ts";

test("by hand", () => {
  const a = Uint32Array.of(2, 2, 1, 1, 0, 7, 2);
  const b = Uint32Array.of(9, 9, 9, 0, 5, 0xffffffff, 9);
  expect(countOverlaps(a, b)).toEqual({
    a: Uint32Array.of(1, 2, 7),
    b: Uint32Array.of(9, 9, 0xffffffff),
    voxels: Float64Array.of(1, 3, 1),
  });
  expect(countOverlaps(a, b, { includeZero: true })).toEqual({
    a: Uint32Array.of(0, 1, 1, 2, 7),
    b: Uint32Array.of(5, 0, 9, 9, 0xffffffff),
    voxels: Float64Array.of(1, 1, 1, 3, 1),
  });
  expect(countOverlaps(new Uint32Array(), new Uint32Array()).voxels.length).toBe(0);
});

test("same as the plain version", () => {
  const label = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 0xffffffff }));
  fc.assert(
    fc.property(fc.array(fc.tuple(label, label, fc.integer({ min: 1, max: 4 }))), fc.boolean(), (runs, includeZero) => {
      const pairs = runs.flatMap(([p, q, length]) => Array.from({ length }, () => [p, q] as const));
      const a = Uint32Array.from(pairs, ([p]) => p);
      const b = Uint32Array.from(pairs, ([, q]) => q);
      expect(countOverlaps(a, b, { includeZero })).toEqual(countOverlapsReference(a, b, includeZero));
    }),
  );
});

test("more pairs than the table begins with", () => {
  const n = 50_000;
  const a = Uint32Array.from({ length: 2 * n }, (_, i) => ((i % n) % 300) * 0x10000 + 1);
  const b = Uint32Array.from({ length: 2 * n }, (_, i) => n - (i % n));
  const table = countOverlaps(a, b);
  expect(table.a.length).toBe(n);
  expect(table.voxels.every((voxels) => voxels === 2)).toBe(true);
  expect(table).toEqual(countOverlapsReference(a, b));
});

test("volumes of different length", () => {
  expect(() => countOverlaps(new Uint32Array(3), new Uint32Array(4))).toThrow(/3 and 4/);
});

test.skipIf(!fib25Available)("fib25: as many pairs as numpy.unique finds", () => {
  const truth = fib25Labels("gt");
  const supervoxels = fib25Labels("ws");
  const table = countOverlaps(truth, supervoxels);
  expect(table.a.length).toBe(10462);
  expect(countOverlaps(truth, supervoxels, { includeZero: true }).a.length).toBe(10477);
  expect(table.voxels.reduce((sum, voxels) => sum + voxels, 0)).toBe(250 ** 3 - 250);
});
