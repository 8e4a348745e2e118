import fc from "fast-check";
import { expect, test } from "vitest";
import { contract, type Share, settle, splitMapping, subvolumeOf } from "./contract.ts";

const share = (pairs: readonly (readonly [number, number])[], leaving: readonly (readonly [number, number])[] = []): Share => ({
  a: Float64Array.from(pairs, ([a]) => a),
  b: Float64Array.from(pairs, ([, b]) => b),
  leaving: Float64Array.from(leaving, ([segment]) => segment),
  until: Uint8Array.from(leaving, ([, level]) => level),
  matches: pairs.length,
});

test("two super-blocks by hand: links go up, what became of a segment comes down", () => {
  const left = contract([share([[2, 1]], [[2, 2]]), share([[1, 2]])], 1);
  expect(left).toEqual({
    mapping: { members: Float64Array.of(1, 2), smallest: Float64Array.of(1, 1) },
    up: { ...share([[2, 1]]), matches: 2 },
  });
  // 5 has no match here, and 3 is the smallest of its group: no link.
  const right = contract(
    [
      share(
        [[4, 3]],
        [
          [3, 2],
          [5, 3],
          [5, 2],
        ],
      ),
    ],
    1,
  );
  expect(right.up).toEqual({ ...share([], [[5, 3]]), matches: 1 });
  const both = contract([left.up, right.up, share([[3, 2]])], 2);
  expect(both.mapping).toEqual({ members: Float64Array.of(1, 2, 3), smallest: Float64Array.of(1, 1, 1) });
  expect(both.up).toEqual({ ...share([]), matches: 4 });

  const parts = splitMapping(both.mapping, Float64Array.of(0, 2), (subvolume) => `${subvolume}`);
  expect(settle(left.mapping, parts.get("0")!)).toEqual(left.mapping);
  expect(settle(right.mapping, parts.get("1")!)).toEqual({ members: Float64Array.of(3, 4), smallest: Float64Array.of(1, 1) });
  expect(contract([], 1).up).toEqual(share([]));
});

test("subvolumes of segments; subvolumes without segments have none", () => {
  const offsets = Float64Array.of(0, 0, 3, 3, 2 ** 40);
  expect([1, 3, 4, 2 ** 40, 2 ** 40 + 1].map((index) => subvolumeOf(offsets, index))).toEqual([1, 1, 3, 3, 4]);
});

test("a split mapping has every member once, in the part of its subvolume, ascending", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 3 }), fc.array(fc.boolean(), { minLength: 32 }), (counts, groups, taken) => {
      const offsets = Float64Array.from(counts, (_, i) => counts.slice(0, i).reduce((sum, n) => sum + n, 0));
      const owners = counts.flatMap((n, subvolume) => new Array<number>(n).fill(subvolume));
      const members = Float64Array.from(owners.map((_, i) => i + 1).filter((_, i) => taken[i]));
      const smallest = members.map((_, i) => i);
      const parts = splitMapping({ members, smallest }, offsets, (subvolume) => `${subvolume % groups}`);
      for (let group = 0; group < groups; group++) {
        const own = Array.from(members.keys()).filter((i) => owners[members[i]! - 1]! % groups === group);
        const expected = { members: Float64Array.from(own, (i) => members[i]!), smallest: Float64Array.from(own) };
        expect(parts.get(`${group}`)).toEqual(own.length === 0 ? undefined : expected);
      }
    }),
  );
});
