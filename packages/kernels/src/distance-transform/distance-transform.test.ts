import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DATA } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { distanceTransform } from "./index.ts";
import { distanceTransformReference } from "./reference.ts";

test("by hand", () => {
  expect([...distanceTransform(Uint8Array.of(0, 0, 1, 0, 0, 0, 9), [1, 1, 7])]).toEqual([2, 1, 0, 1, 2, 1, 0]);
  // one site in a corner of 2 x 2 x 3, 3 x 4 x 12 apart: 3² + 4² = 5², 5² + 12² = 13²
  const corner = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const spaced = distanceTransform(corner, [2, 2, 3], { spacing: [3, 4, 12] });
  expect([...spaced].map((d) => Math.round(d * d))).toEqual([0, 144, 576, 16, 160, 592, 9, 153, 585, 25, 169, 601]);
  expect(spaced[9]).toBe(5);
  expect(spaced[10]).toBe(13);
  expect([...distanceTransform(Uint8Array.of(0, 1, 0), [3, 1, 1], { spacing: [8, 8, 8] })]).toEqual([8, 0, 8]);
});

test("no sites, no voxels", () => {
  for (const spacing of [
    [1, 1, 1],
    [2, 1, 1],
  ] as const) {
    expect([...distanceTransform(new Uint8Array(8), [2, 2, 2], { spacing })]).toEqual(new Array(8).fill(Infinity));
  }
  expect(distanceTransform(new Uint8Array(0), [4, 0, 2]).length).toBe(0);
});

const volume = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 21 }))
  .chain((shape) => {
    const n = shape[0] * shape[1] * shape[2];
    const sites = (voids: number) =>
      fc.array(fc.oneof({ weight: voids, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }) }), {
        minLength: n,
        maxLength: n,
      });
    return fc.record({ shape: fc.constant(shape), sites: fc.oneof(sites(1), sites(10), sites(300)) });
  });

test("equal spacings: same bits as every voxel against every site", () => {
  fc.assert(
    fc.property(volume, ({ shape, sites }) => {
      const out = new Float32Array(sites.length).fill(-1);
      expect(distanceTransform(Uint8Array.from(sites), shape, { out })).toBe(out);
      expect(out).toEqual(distanceTransformReference(sites, shape));
    }),
    { numRuns: 300 },
  );
});

test("any spacing: within float32 of every voxel against every site", () => {
  const length = fc.double({ min: 0.5, max: 50, noNaN: true });
  fc.assert(
    fc.property(volume, fc.tuple(length, length, length), ({ shape, sites }, spacing) => {
      const expected = distanceTransformReference(sites, shape, spacing);
      distanceTransform(Uint8Array.from(sites), shape, { spacing }).forEach((distance, i) => {
        if (distance !== expected[i]) expect(Math.abs(distance / expected[i]! - 1)).toBeLessThan(2e-7);
      });
    }),
    { numRuns: 300 },
  );
});

test("long lines", () => {
  const shape: Shape3 = [700, 1, 2];
  const sites = Uint8Array.from({ length: 1400 }, (_, i) => (i === 4 || i === 803 || i === 1390 ? 1 : 0));
  expect(distanceTransform(sites, shape)).toEqual(distanceTransformReference(sites, shape));
});

test("wrong arguments", () => {
  expect(() => distanceTransform(new Uint8Array(7), [2, 2, 2])).toThrow(/sites: expected 8 .* found 7/);
  expect(() => distanceTransform(new Uint8Array(8), [2, 2, 2], { out: new Float32Array(1) })).toThrow(/out: expected 8 .* found 1/);
  expect(() => distanceTransform(new Uint8Array(8), [2, 2, 2], { spacing: [1, 0, 1] })).toThrow(
    /above 0 \(z, y, x\), found \[1, 0, 1\]/,
  );
});

const membrane = `${DATA}/fib25-training2/membrane_prob_derived.u8.raw.gz`;

// Digests of the float32 results of the Python package edt 3.1.2 on the first 64 slices: edt.edt(levels <= 51, anisotropy=spacing, black_border=False).
test.skipIf(!existsSync(membrane)).each([
  [[1, 1, 1] as const, "06fcaef29cfeba850ef7e3e741149084dfc8e1f06494f9b4826603c3089c76ae"],
  [[40, 16, 16] as const, "b23c610b7d69f0952de9fc5db127ffb607a7bbafcc15d174db2f6dac7d0cc498"],
])("fib25: every voxel as edt's, spacing %j", (spacing, digest) => {
  const sites = new Uint8Array(gunzipSync(readFileSync(membrane)))
    .subarray(0, 64 * 250 * 250)
    .map((level) => (level <= 51 ? 0 : 1));
  const distances = distanceTransform(sites, [64, 250, 250], { spacing });
  expect(createHash("sha256").update(distances).digest("hex")).toBe(digest);
});
