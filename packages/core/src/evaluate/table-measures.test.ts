/** Tables of overlaps: what counts, VI and Rand by hand and against the other implementation, lists of bodies, edits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bestOverlap, bodyLists, correctOverlaps, histogram } from "./bodies.ts";
import { type CountOptions, countedTable } from "./counted-table.ts";
import { editDistance } from "./edit-distance.ts";
import { ContingencyTable, measure } from "./index.ts";
import { OverlapSum, type Overlaps } from "./overlap-sum.ts";
import { measureTable } from "./table-measures.ts";
import { variationOf } from "./variation.ts";

/** A table from entries "truth segment voxels". */
function overlaps(...entries: readonly (readonly [truth: bigint, segment: bigint, voxels: number])[]): Overlaps {
  const sum = new OverlapSum();
  const one = Uint32Array.of(0);
  entries.forEach(([t, s, n], k) => {
    const pair = { truth: one, segment: one, voxels: Float64Array.of(n), first: Float64Array.of(k) };
    sum.add(BigUint64Array.of(t), BigUint64Array.of(s), pair);
  });
  return sum.sorted();
}

const all: CountOptions = { threshold: 0, important: null, skipUnsegmented: false };
const placeOf = (first: number) => [first, 0, 0] as const;

describe("what counts", () => {
  test("a body below the threshold goes, and so does its part of a segment", () => {
    const found = countedTable(overlaps([1n, 5n, 8], [2n, 5n, 3]), { ...all, threshold: 4 });
    expect(found).toMatchObject({ size: 8, leftOut: 3 });
    expect(measureTable(found)).toMatchObject({ vi: 0, rand: 1, size: 8, ground_truth_bodies: 1, segmentation_bodies: 1 });
  });

  test("0 of the segmentation is a body, or is skipped; 0 of the truth never counts", () => {
    const pairs = overlaps([0n, 5n, 9], [1n, 0n, 4], [1n, 5n, 4]);
    expect(measureTable(countedTable(pairs, all))).toMatchObject({ size: 8, split_vi: 1, merge_vi: 0, segmentation_bodies: 2 });
    expect(measureTable(countedTable(pairs, { ...all, skipUnsegmented: true }))).toMatchObject({ size: 4, vi: 0 });
  });

  test("sparse: one body is measured, its neighbour in the same segment shows a merge", () => {
    const pairs = overlaps([1n, 5n, 8], [2n, 5n, 8]);
    const found = measureTable(countedTable(pairs, { ...all, important: new Set([1n]) }));
    // 8 voxels, each with log2(16 / 8) = 1 bit
    expect(found).toMatchObject({ size: 8, merge_vi: 1, split_vi: 0, ground_truth_bodies: 1, rand: 1 });
  });

  test("nothing: VI 0, Rand 1", () => {
    expect(measureTable(countedTable(overlaps(), all))).toMatchObject({ vi: 0, rand: 1, cremi_score: 0, size: 0 });
  });
});

test("the same as the other implementation, and swapping the sides swaps merge and split", () => {
  const labels = fc.uint8Array({ minLength: 60, maxLength: 60, max: 5 });
  fc.assert(
    fc.property(labels, labels, (truth, segment) => {
      [truth[0], segment[0]] = [1, 1];
      const found = (t: Uint8Array, s: Uint8Array) => {
        const table = new ContingencyTable();
        table.addBlock(t, s);
        const sorted = table.sorted();
        const counted = countedTable(
          { ...sorted, first: new Float64Array(sorted.voxels.length) },
          { ...all, skipUnsegmented: true },
        );
        return { ours: measureTable(counted), other: measure(sorted) };
      };
      const { ours, other } = found(truth, segment);
      for (const name of ["merge_vi", "split_vi", "vi", "rand", "adapted_rand_error"] as const) {
        expect(ours[name]).toBeCloseTo(other[name], 12);
      }
      expect(ours.size).toBe(other.voxels);
      expect(ours.cremi_score).toBeCloseTo(Math.sqrt(other.vi * other.adapted_rand_error), 12);
      const swapped = found(segment, truth).ours;
      expect(swapped.merge_vi).toBeCloseTo(ours.split_vi, 12);
      expect(swapped.rand_merge).toBeCloseTo(ours.rand_split, 12);
      expect(found(truth, truth).ours).toMatchObject({ vi: 0, rand: 1 });
    }),
  );
});

test("pairs above 2^53 are exact", () => {
  // recall = C(2^40, 2) / C(2^40 + 1, 2) = (2^40 - 1) / (2^40 + 1)
  const found = measureTable(countedTable(overlaps([1n, 1n, 2 ** 40], [1n, 2n, 1]), all));
  expect(found.rand_split).toBe((2 ** 40 - 1) / (2 ** 40 + 1));
  expect(found.rand_merge).toBe(1);
});

describe("bodies", () => {
  // body 1 in two segments, body 2 and half of body 3 in one
  const table = countedTable(overlaps([1n, 10n, 6], [1n, 11n, 2], [2n, 12n, 4], [3n, 12n, 4], [3n, 2n ** 60n, 4]), all);
  const variation = variationOf(table);

  test("each body's part adds up to the whole", () => {
    const { ground_truth, segmentation } = bodyLists(table, variation, { most: 100, mostOverlaps: 1, placeOf });
    const sum = (list: readonly number[]) => list.reduce((total, n) => total + n, 0);
    expect(sum(ground_truth.map((b) => b.badness))).toBeCloseTo(variation.merge_vi + variation.split_vi, 12);
    expect(sum(segmentation.map((b) => b.merge_vi))).toBeCloseTo(variation.merge_vi, 12);
    expect(ground_truth[0]!.badness).toBeCloseTo((8 + 4) / 20, 12);
    // 4 + 4 voxels of two bodies in segment 12, one bit each, of 20
    expect(segmentation[0]).toMatchObject({ id: "12", size: 8, merge_vi: 8 / 20, pieces: 2, correct: 0 });
    expect(ground_truth[0]).toMatchObject({ id: "3", overlaps: [{ id: "12", size: 4, at_xyz: [3, 0, 0] }] });
  });

  test("lists hold the worst and the largest", () => {
    const { ground_truth } = bodyLists(table, variation, { most: 1, mostOverlaps: 1, placeOf });
    expect(ground_truth.map(({ id }) => id)).toEqual(["3", "1"]); // the worst; most in pieces is 3, too; of the largest (8) the worst is first
  });

  test("a segment is right for the body that it is best for, if that is more than half of it", () => {
    expect([...correctOverlaps(table)]).toEqual([6, 0, 0, 0]); // 10, 11, 12 (exactly half), 2^60 (body 3 prefers 12)
    expect(bestOverlap(table, correctOverlaps(table))).toEqual({ ground_truth: "1", segmentation: "10", size: 6 });
    expect(bestOverlap(countedTable(overlaps(), all), new Float64Array(0))).toBeNull();
  });

  test("bodies that make up so many percent: 8, 8, 4 against 8, 6, 4, 2", () => {
    expect(histogram(table, [40, 50, 90, 100])).toEqual([
      { percent: 40, ground_truth: 1, segmentation: 1 },
      { percent: 50, ground_truth: 2, segmentation: 2 },
      { percent: 90, ground_truth: 3, segmentation: 3 },
      { percent: 100, ground_truth: 3, segmentation: 4 },
    ]);
  });
});

describe("edits", () => {
  // body 1: own segments 10 (50) and 11 (10), 6 voxels in a segment of body 2; body 2: 12 (34)
  const table = countedTable(overlaps([1n, 10n, 50], [1n, 11n, 10], [1n, 12n, 6], [2n, 12n, 34]), all);

  test("until enough is right: 84 of 100 are from the start", () => {
    expect(editDistance(table, [84, 85, 94, 95, 100], 5)).toEqual([
      { percent: 84, splits: 0, merges: 0 },
      { percent: 85, splits: 0, merges: 1 },
      { percent: 94, splits: 0, merges: 1 },
      { percent: 95, splits: 1, merges: 1 },
      { percent: 100, splits: 1, merges: 1 },
    ]);
  });

  test("a split comes first where it gains more for its cost", () => {
    expect(editDistance(table, [90], 0.5)).toEqual([{ percent: 90, splits: 1, merges: 0 }]);
    expect(editDistance(table, [90], 0.6)).toEqual([{ percent: 90, splits: 0, merges: 1 }]); // 6 / 0.6 is not above 10
  });
});

test("sums do not depend on the order of what is added", () => {
  const entry = fc.tuple(fc.bigInt(0n, 3n), fc.bigInt(2n ** 63n, 2n ** 63n + 3n), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const forth = overlaps(...entries);
      const back = overlaps(...[...entries].reverse());
      const { first: _, ...expected } = forth;
      const { first: __, ...found } = back;
      expect(found).toEqual(expected);
      for (const [i, n] of forth.first.entries()) {
        const [t, s] = [forth.truthIds[forth.truth[i]!], forth.segmentIds[forth.segment[i]!]];
        expect(entries.findIndex(([p, q]) => p === t && q === s)).toBe(n);
      }
    }),
  );
});
