import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { connectedComponents } from "../connected-components/index.ts";
import { DATA } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { seededWatershed } from "./index.ts";
import { seededWatershedReference } from "./reference.ts";

function flooded(levels: number[], seeds: number[], shape: Shape3, mask: number[] | null = null): number[] {
  const labels = Uint32Array.from(seeds);
  seededWatershed(Uint8Array.from(levels), labels, shape, { mask: mask && Uint8Array.from(mask) });
  return [...labels];
}

test("by hand: two basins and the ridge", () => {
  // the ridge (9) is reached from the left at level 9 before the right seed is there
  expect(flooded([0, 1, 2, 9, 3, 2, 5], [1, 0, 0, 0, 0, 2, 0], [1, 1, 7])).toEqual([1, 1, 1, 1, 2, 2, 2]);
});

test("by hand: plateaus are shared by distance, ties go to the first seed", () => {
  expect(flooded([4, 4, 4, 4, 4, 4], [1, 0, 0, 0, 0, 2], [6, 1, 1])).toEqual([1, 1, 1, 2, 2, 2]);
  expect(flooded([4, 4, 4, 4, 4], [1, 0, 0, 0, 2], [1, 5, 1])).toEqual([1, 1, 1, 2, 2]);
});

test("by hand: a lower seed floods first; behind a wall the level stays at the wall's", () => {
  // seed 2 passes its wall (6) while seed 1 still waits at 7; what is behind it (0) is taken at level 6
  expect(flooded([7, 0, 0, 6, 1], [1, 0, 0, 0, 2], [1, 1, 5])).toEqual([1, 2, 2, 2, 2]);
});

test("by hand: of two neighbours at one time, the earlier direction gives the label", () => {
  // the middle is between z-1, y-1, x-1, x+1, y+1, z+1; seeds enter in raster order
  const seeds = new Array(27).fill(0);
  for (const [i, label] of [
    [4, 1],
    [10, 2],
    [12, 3],
    [14, 4],
    [16, 5],
    [22, 6],
  ] as const)
    seeds[i] = label;
  expect(flooded(new Array(27).fill(1), seeds, [3, 3, 3])[13]).toBe(1);
  // a popped voxel asks z-1 first: the plateau's far corner is reached through the neighbour that was pushed first
  expect(flooded([0, 0, 0, 0], [1, 0, 0, 0], [2, 2, 1])).toEqual([1, 1, 1, 1]);
});

test("by hand: mask, no seed, nothing reachable", () => {
  expect(flooded([1, 1, 1, 1], [5, 0, 0, 7], [1, 1, 4], [1, 1, 0, 0])).toEqual([5, 5, 0, 0]);
  expect(flooded([1, 2, 3], [0, 0, 0], [3, 1, 1])).toEqual([0, 0, 0]);
  expect(flooded([1, 2, 3, 4], [9, 0, 0, 0], [1, 4, 1], [1, 0, 1, 1])).toEqual([9, 0, 0, 0]);
  expect(flooded([], [], [0, 3, 3])).toEqual([]);
});

const volume = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 7 }))
  .chain((shape) => {
    const n = shape[0] * shape[1] * shape[2];
    const array = (value: fc.Arbitrary<number>) => fc.array(value, { minLength: n, maxLength: n });
    return fc.record({
      shape: fc.constant(shape),
      levels: fc.oneof(array(fc.integer({ min: 0, max: 3 })), array(fc.integer({ min: 0, max: 255 }))),
      seeds: array(fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) })),
      mask: fc.option(
        array(fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.integer({ min: 1, max: 255 }) })),
      ),
    });
  });

test("same as the plain version, levels of 8 and 16 bits, labels of 32 bits", () => {
  fc.assert(
    fc.property(volume, fc.constantFrom(1, 0x3fffffff), fc.boolean(), ({ shape, levels, seeds, mask }, factor, wide) => {
      const l = wide ? Uint16Array.from(levels, (level) => level * 257) : Uint8Array.from(levels);
      const m = mask && Uint8Array.from(mask);
      const labels = Uint32Array.from(seeds, (seed) => seed * factor);
      const expected = labels.slice();
      seededWatershedReference(l, expected, shape, m);
      seededWatershed(l, labels, shape, { mask: m });
      expect(labels).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test("long queues: chunks are linked and used again", () => {
  const shape: Shape3 = [20, 30, 40];
  let state = 7;
  const levels = Uint8Array.from({ length: 24_000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 24) & 7;
  });
  const labels = Uint32Array.from(levels, (_, i) => (i % 997 === 0 ? i + 1 : 0));
  const expected = labels.slice();
  seededWatershedReference(levels, expected, shape);
  seededWatershed(levels, labels, shape);
  expect(labels).toEqual(expected);
});

test("wrong arguments", () => {
  expect(() => seededWatershed(new Uint8Array(7), new Uint32Array(8), [2, 2, 2])).toThrow(/levels: expected 8 .* found 7/);
  expect(() => seededWatershed(new Uint8Array(8), new Uint32Array(9), [2, 2, 2])).toThrow(/labels: expected 8 .* found 9/);
  expect(() => seededWatershed(new Uint8Array(8), new Uint32Array(8), [2, 2, 2], { mask: new Uint8Array(4) })).toThrow(
    /mask: .* found 4/,
  );
});

const membrane = `${DATA}/fib25-training2/membrane_prob_derived.u8.raw.gz`;

// Digests of vigra's result: vigra 1.11.1 analysis.watershedsNew(taggedView(levels, "zyx"), seeds=taggedView(seeds, "zyx")) ("Turbo"),
// as little-endian uint32 in C order. Seeds: 6-connected components of levels <= threshold with at least `smallest` voxels.
test.skipIf(!existsSync(membrane)).each([
  [250, 51, 5, false, "e653fc5bdd10fb1708c1fee0b52ca3635b95fa5f05d135e623540069d43748b0"],
  [64, 5, 20, true, "6db0017e243be7143238615bcff28b8b4334d44b1998f129624a2ca9145b4065"],
])("fib25: every voxel as vigra's, %i slices, seeds <= %i", (depth, threshold, smallest, wide, digest) => {
  const shape: Shape3 = [depth, 250, 250];
  const levels = new Uint8Array(gunzipSync(readFileSync(membrane))).subarray(0, depth * 250 * 250);
  const isSeed = levels.map((level) => (level <= threshold ? 1 : 0));
  const { labels, count } = connectedComponents(isSeed, shape);
  const sizes = new Uint32Array(count + 1);
  for (const label of labels) sizes[label]!++;
  const seeds = labels.map((label) => (sizes[label]! >= smallest ? label : 0));
  seededWatershed(wide ? new Uint16Array(levels).map((level) => level * 257) : levels, seeds, shape);
  expect(createHash("sha256").update(seeds).digest("hex")).toBe(digest);
});
