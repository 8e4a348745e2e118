/** Matching of bodies, connections that agree, autapses: by hand, against brute force, and the original's example. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assign } from "./assignment.ts";
import { connectivityOf, matchBodies } from "./connectivity.ts";

const rows = (entries: Record<string, Record<string, number>>) =>
  new Map(Object.entries(entries).map(([id, row]) => [id, new Map(Object.entries(row))]));

test("the original's example", () => {
  const overlaps = rows({
    3: { 100: 3210, 101: 242, 50: 1, 30: 1 },
    30: { 100: 300, 101: 100, 50: 1, 30: 20 },
    10: { 101: 50, 30: 20 },
  });
  expect(matchBodies(overlaps, 0).map((m) => Object.values(m))).toEqual([
    ["3", "100", 3210, 3454, 3510],
    ["30", "101", 100, 421, 392],
    ["10", "30", 20, 70, 41],
    ["0", "50", 0, 0, 2],
  ]);
});

describe("matches", () => {
  test("no partner: 0, on either side; small bodies are not there; the three largest partners only", () => {
    expect(matchBodies(rows({ 1: { 7: 5 }, 2: { 7: 4 }, 3: { 7: 1 } }), 2).map((m) => Object.values(m))).toEqual([
      ["1", "7", 5, 5, 10],
      ["2", "0", 0, 4, 0],
    ]);
    const four = { 1: { 10: 9, 11: 8, 12: 7, 13: 6 }, 2: { 10: 100 }, 3: { 11: 100 }, 4: { 12: 100 } };
    expect(matchBodies(rows(four), 0).find((m) => m.ground_truth === "1")).toMatchObject({ segmentation: "0" });
  });

  test("what has no segment is no partner", () => {
    expect(matchBodies(rows({ 1: { 0: 5 } }), 0)).toEqual([
      { ground_truth: "1", segmentation: "0", overlap: 0, ground_truth_size: 5, segmentation_size: 0 },
    ]);
  });
});

test("the assignment is the best of all", () => {
  const best = (weights: readonly (readonly number[])[], left: number, taken: number): number => {
    if (left === weights.length) return 0;
    let most = best(weights, left + 1, taken);
    weights[left]!.forEach((w, right) => {
      if (w > 0 && (taken & (1 << right)) === 0) most = Math.max(most, w + best(weights, left + 1, taken | (1 << right)));
    });
    return most;
  };
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
    .chain(([m, n]) => fc.array(fc.array(fc.nat(9), { minLength: n, maxLength: n }), { minLength: m, maxLength: m }));
  fc.assert(
    fc.property(matrix, (weights) => {
      const rights = weights[0]!.length;
      const pairs = weights.flatMap((row, left) => row.map((weight, right) => ({ left, right, weight })));
      const found = assign(
        weights.length,
        rights,
        pairs.filter(({ weight }) => weight > 0),
      );
      const used = [...found].filter((right) => right >= 0);
      expect(new Set(used).size).toBe(used.length);
      const sum = [...found].reduce((total, right, left) => total + (right < 0 ? 0 : weights[left]![right]!), 0);
      expect(sum).toBe(best(weights, 0, 0));
    }),
  );
});

describe("connections", () => {
  // truth: body 1 (points 0, 1, 2), body 2 (points 3, 4, 5); point 6 lies outside of all bodies
  const truth = BigUint64Array.of(1n, 1n, 1n, 2n, 2n, 2n, 0n);
  const partners = [[3, 4], [5], [0, 6], [], [], [], [0]];
  const options = { pointThreshold: 2, thresholds: [1, 3, 4] };

  test("a perfect segmentation", () => {
    const segment = BigUint64Array.of(11n, 11n, 11n, 12n, 12n, 12n, 0n);
    const found = connectivityOf("synapse:s", { truth, segment, partners }, options);
    expect(found).toMatchObject({ connections: 4, matched: 4, match: 1 });
    expect(found.table).toEqual([
      { pre: "1", pre_match: "11", post: "1", post_match: "11", matched: 1, connections: 1 },
      { pre: "1", pre_match: "11", post: "2", post_match: "12", matched: 3, connections: 3 },
    ]);
    expect(found.pairs).toEqual([
      { threshold: 1, ground_truth: 2, segmentation: 2, both: 2, recall: 1, precision: 1 },
      { threshold: 3, ground_truth: 1, segmentation: 1, both: 1, recall: 1, precision: 1 },
      { threshold: 4, ground_truth: 0, segmentation: 0, both: 0, recall: 0, precision: 0 },
    ]);
    expect(found.autapses).toEqual({
      ground_truth: [{ id: "1", connections: 1 }],
      segmentation: [{ id: "11", connections: 1 }],
    });
  });

  test("both bodies in one segment: it is matched with one of them, and all its connections are autapses", () => {
    const segment = new BigUint64Array(7).fill(2n ** 63n);
    const found = connectivityOf("synapse:s", { truth, segment, partners }, options);
    expect(found.matches.map((m) => [m.ground_truth, m.segmentation])).toEqual([
      ["1", String(2n ** 63n)],
      ["2", "0"],
    ]);
    expect(found).toMatchObject({ connections: 4, matched: 1, match: 0.25 });
    expect(found.autapses.segmentation).toEqual([{ id: String(2n ** 63n), connections: 4 }]);
  });
});
