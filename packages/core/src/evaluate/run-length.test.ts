/** Skeletons: reading SWC, and expected run lengths by hand. */
import { describe, expect, test } from "vitest";
import { expectedRunLength, type LabelledSkeleton } from "./run-length.ts";
import { parseSwc } from "./swc.ts";

/** A straight skeleton with a node every 10 nm. */
function line(name: string, ...segments: readonly bigint[]): LabelledSkeleton {
  return {
    name,
    nodes: segments.map((_, k) => [10 * k, 0, 0] as const),
    parents: segments.map((_, k) => k - 1),
    segments: BigUint64Array.from(segments),
  };
}

describe("expected run length", () => {
  test("a whole neuron, one in two halves, one with a hole", () => {
    expect(expectedRunLength([line("a", 1n, 1n, 1n, 1n, 1n)], 9)).toMatchObject({ expected_nm: 40, total_nm: 40, skeletons: 1 });
    // 10 + 10 of 30 nm are right: (10² + 10²) / 30
    expect(expectedRunLength([line("a", 1n, 1n, 2n, 2n)], 9).expected_nm).toBeCloseTo(200 / 30, 12);
    expect(expectedRunLength([line("a", 1n, 1n, 0n, 1n, 1n)], 9).expected_nm).toBeCloseTo(400 / 40, 12);
  });

  test("a segment in two skeletons is no right way in either", () => {
    const found = expectedRunLength([line("a", 1n, 1n, 1n, 5n, 5n), line("b", 2n, 2n, 5n)], 1);
    expect(found.merged_segments).toEqual(["5"]);
    expect(found.expected_nm).toBeCloseTo((20 ** 2 + 10 ** 2) / 60, 12);
    expect(found.worst).toEqual([{ skeleton: "a", length_nm: 40, expected_nm: 10 }]);
  });

  test("branches, and nothing at all", () => {
    const star: LabelledSkeleton = {
      name: "star",
      nodes: [
        [0, 0, 0],
        [3, 4, 0],
        [0, 0, 12],
      ],
      parents: [-1, 0, 0],
      segments: BigUint64Array.of(7n, 7n, 7n),
    };
    expect(expectedRunLength([star], 0)).toMatchObject({ expected_nm: 17, total_nm: 17, worst: [] });
    expect(expectedRunLength([], 9)).toMatchObject({ expected_nm: 0, total_nm: 0 });
  });
});

describe("SWC", () => {
  test("comments, empty lines, parents behind their children", () => {
    const text = "# made by hand\n\n1 0 1.5 2 3 0.1 2\r\n 2 2 4 5 6 0.1 -1 # root\n3 0 7 8 9 NaN 1\n";
    expect(parseSwc(text, "n.swc")).toEqual({
      name: "n.swc",
      nodes: [
        [1.5, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      parents: [1, -1, 0],
    });
  });

  test.each([
    ["1 0 1 2 3 1", /n\.swc, line 1: expected id, type/],
    ["1 0 x 2 3 1 -1", /line 1/],
    ["1 0 1 2 3 1 -1\n1 0 1 2 3 1 -1", /line 2: node 1 is there twice/],
    ["1 0 1 2 3 1 9", /line 1: its parent 9/],
    ["1 0 1 2 3 1 -1\n2 0 1 2 3 1 3\n3 0 1 2 3 1 2", /line 2: its parents lead back/],
    ["1 0 1 2 3 1 1", /line 1: its parents lead back/],
  ])("%j is refused", (text, message) => {
    expect(() => parseSwc(text, "n.swc")).toThrow(message);
  });
});
