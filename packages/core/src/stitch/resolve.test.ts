import fc from "fast-check";
import { expect, test } from "vitest";
import { localMapping, resolveMatches } from "./resolve.ts";

const pairsOf = (list: readonly (readonly [number, number])[]) => ({
  a: Float64Array.from(list, (p) => p[0]),
  b: Float64Array.from(list, (p) => p[1]),
});

test("groups by hand", () => {
  const mapping = resolveMatches(
    pairsOf([
      [9, 4],
      [2 ** 40, 9],
      [7, 8],
      [5, 5],
      [8, 7],
    ]),
  );
  expect(mapping.members).toEqual(Float64Array.of(4, 5, 7, 8, 9, 2 ** 40));
  expect(mapping.smallest).toEqual(Float64Array.of(4, 5, 7, 7, 4, 4));
  expect(resolveMatches(pairsOf([]))).toEqual({ members: new Float64Array(), smallest: new Float64Array() });
  expect(() => resolveMatches({ a: Float64Array.of(1), b: new Float64Array() })).toThrow(RangeError);
});

test("members and smallest are those of a flood over the graph, in any order and direction", () => {
  const pair = fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }));
  const shuffled = fc
    .array(pair, { maxLength: 30 })
    .chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.array(fc.boolean(), { minLength: 30 })),
    );
  fc.assert(
    fc.property(shuffled, ([list, other, turn]) => {
      const expected = new Map<number, number>();
      for (const start of Array.from(new Set(list.flat())).sort((p, q) => p - q)) {
        if (expected.has(start)) continue;
        const open = [start];
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
          if (expected.has(next)) continue;
          expected.set(next, start);
          for (const [p, q] of list) {
            if (p === next) open.push(q);
            if (q === next) open.push(p);
          }
        }
      }
      const sorted = Array.from(expected).sort((p, q) => p[0] - q[0]);
      const mapping = resolveMatches(pairsOf(list));
      expect(Array.from(mapping.members)).toEqual(sorted.map((p) => p[0]));
      expect(Array.from(mapping.smallest)).toEqual(sorted.map((p) => p[1]));
      expect(resolveMatches(pairsOf(other.map(([p, q], i) => (turn[i] ? [q, p] : [p, q]))))).toEqual(mapping);
    }),
  );
});

test("chains of 100,000 in three orders", () => {
  const n = 100_000;
  const up = Array.from({ length: n }, (_, i) => [i + 1, i + 2] as const);
  const zigzag = up.map((_, i) => up[i % 2 === 0 ? i / 2 : n - 1 - (i - 1) / 2]!);
  for (const list of [up, up.toReversed(), zigzag]) {
    const { members, smallest } = resolveMatches(pairsOf(list));
    expect(members).toHaveLength(n + 1);
    expect(smallest.every((s) => s === 1)).toBe(true);
  }
});

test("a subvolume's part of the mapping", () => {
  const mapping = resolveMatches(
    pairsOf([
      [1, 4],
      [4, 6],
      [3, 9],
    ]),
  );
  expect(localMapping(mapping, 3, 3)).toEqual({ members: Uint32Array.of(1, 3), roots: Float64Array.of(1, 1) });
  expect(localMapping(mapping, 6, 2).members).toHaveLength(0);
});
