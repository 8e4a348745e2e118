import fc from "fast-check";
import { expect, test } from "vitest";
import { iterationCount, iterationOf, splitIterations } from "./iterations.ts";

test("3,375 subvolumes at about 483 make 7 iterations, round robin", () => {
  expect(iterationCount(3375, 483)).toBe(7);
  expect(splitIterations(8, 3)).toEqual([
    [0, 3, 6],
    [1, 4, 7],
    [2, 5],
  ]);
  expect(splitIterations(8, 0)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
  expect(splitIterations(0, 3)).toEqual([]);
  expect(splitIterations(2, 10)).toEqual([[0, 1]]);
});

test("every subvolume belongs to one iteration, none of which is larger than asked", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 60 }), (n, size) => {
      const groups = splitIterations(n, size);
      expect(groups.flat().sort((p, q) => p - q)).toEqual(Array.from({ length: n }, (_, i) => i));
      for (const [i, group] of groups.entries()) {
        expect(group.length).toBeLessThanOrEqual(size);
        expect(group.every((id) => iterationOf(id, groups.length) === i)).toBe(true);
      }
    }),
  );
});
