import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_POLICY, decideMatches } from "./policy.ts";
import type { Evidence, StitchAlgorithm, StitchPolicy } from "./types.ts";

type Pair = readonly [a: number, b: number, voxels: number];

/** Evidence of sorted pairs; every segment on the plane unless said otherwise. */
function evidenceOf(pairs: readonly Pair[], planeA?: number[], planeB?: number[]): Evidence {
  const sides = [0, 1].map((i) => Array.from(new Set(pairs.map((p) => p[i]!))).sort((p, q) => p - q));
  return {
    a: 0,
    b: 1,
    voxels: 100_000,
    pairA: Uint32Array.from(pairs, (p) => p[0]),
    pairB: Uint32Array.from(pairs, (p) => p[1]),
    pairVoxels: Float64Array.from(pairs, (p) => p[2]),
    planeA: Uint32Array.from(planeA ?? sides[0]!),
    planeB: Uint32Array.from(planeB ?? sides[1]!),
  };
}

const decide = (algorithm: StitchAlgorithm, evidence: Evidence, more: Partial<StitchPolicy> = {}) =>
  decideMatches(evidence, { ...DEFAULT_POLICY, ...more, algorithm }).map((m) => [m.a, m.b]);

const STITCHING = ["conservative", "medium", "aggressive"] as const;

test("exactly 50 voxels are not enough, 51 are", () => {
  for (const algorithm of STITCHING) {
    expect(decide(algorithm, evidenceOf([[1, 1, 50]]))).toEqual([]);
    expect(decide(algorithm, evidenceOf([[1, 1, 51]]))).toEqual([[1, 1]]);
    expect(decide(algorithm, evidenceOf([[1, 1, 51]]), { minimumOverlap: 51 })).toEqual([]);
  }
  expect(decide("none", evidenceOf([[1, 1, 5000]]))).toEqual([]);
});

test("a branch gives one match in medium and two in aggressive, if both are large and clear", () => {
  const branch = evidenceOf([
    [1, 1, 3000],
    [1, 2, 1500],
  ]);
  expect(decide("medium", branch)).toEqual([[1, 1]]);
  expect(decide("aggressive", branch)).toEqual([
    [1, 1],
    [1, 2],
  ]);
  // Side A sees 3000 / 4500 only.
  expect(decide("conservative", branch)).toEqual([]);
  expect(
    decide(
      "aggressive",
      evidenceOf([
        [1, 1, 3000],
        [1, 2, 1000],
      ]),
    ),
  ).toEqual([[1, 1]]);
  expect(
    decide(
      "aggressive",
      evidenceOf([
        [1, 1, 3000],
        [1, 2, 1001],
      ]),
    ),
  ).toEqual([
    [1, 1],
    [1, 2],
  ]);
  // The same from side A: two segments of A under one of B.
  expect(
    decide(
      "aggressive",
      evidenceOf([
        [1, 1, 3000],
        [2, 1, 1500],
      ]),
    ),
  ).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(
    decide(
      "medium",
      evidenceOf([
        [1, 1, 3000],
        [2, 1, 1500],
      ]),
    ),
  ).toEqual([[1, 1]]);
});

test("a ratio of exactly 0.90: conservative accepts, the one-sided rule rejects", () => {
  // Segment 2 of B shares 1800 of its 2000 voxels with 1, whose best partner is another.
  const pairs: Pair[] = [
    [1, 1, 9000],
    [1, 2, 1800],
    [2, 2, 200],
  ];
  expect(decide("aggressive", evidenceOf(pairs))).toEqual([[1, 1]]);
  expect(
    decide(
      "aggressive",
      evidenceOf([
        [1, 1, 9000],
        [1, 2, 1801],
        [2, 2, 200],
      ]),
    ),
  ).toEqual([
    [1, 1],
    [1, 2],
  ]);
  expect(
    decide(
      "conservative",
      evidenceOf([
        [1, 1, 90],
        [1, 2, 10],
      ]),
    ),
  ).toEqual([[1, 1]]);
  expect(
    decide(
      "conservative",
      evidenceOf([
        [1, 1, 89],
        [1, 2, 10],
      ]),
    ),
  ).toEqual([]);
  expect(
    decide(
      "conservative",
      evidenceOf([
        [1, 1, 900],
        [2, 1, 101],
      ]),
    ),
  ).toEqual([]);
});

test("who is not on the plane cannot start a match, but can be the partner of a one-sided one", () => {
  for (const algorithm of STITCHING) {
    expect(decide(algorithm, evidenceOf([[1, 1, 500]], [], [1]))).toEqual([]);
    expect(decide(algorithm, evidenceOf([[1, 1, 500]], [1], []))).toEqual([]);
    expect(decide(algorithm, evidenceOf([[1, 1, 500]], [], []))).toEqual([]);
    expect(decide(algorithm, evidenceOf([[1, 1, 500]], [], []), { eligibilityPlane: false })).toEqual([[1, 1]]);
  }
  const large = [[1, 1, 5000]] as const;
  expect(decide("medium", evidenceOf(large, [], [1]))).toEqual([]);
  expect(decide("aggressive", evidenceOf(large, [], [1]))).toEqual([[1, 1]]);
  expect(decide("aggressive", evidenceOf(large, [1], []))).toEqual([[1, 1]]);
  expect(decide("aggressive", evidenceOf(large, [], []))).toEqual([]);
});

test("either: the best partner of one side is enough, however small its part", () => {
  const pairs: Pair[] = [
    [1, 1, 60],
    [1, 2, 55],
    [2, 2, 54],
  ];
  expect(decide("aggressive", evidenceOf(pairs))).toEqual([[1, 1]]);
  expect(decide("either", evidenceOf(pairs))).toEqual([
    [1, 1],
    [1, 2],
    [2, 2],
  ]);
});

test("ties go to the smallest segment", () => {
  expect(
    decide(
      "medium",
      evidenceOf([
        [1, 1, 70],
        [1, 2, 70],
      ]),
    ),
  ).toEqual([[1, 1]]);
  expect(
    decide(
      "medium",
      evidenceOf([
        [1, 3, 70],
        [2, 3, 70],
      ]),
    ),
  ).toEqual([[1, 3]]);
  // 2's best is 5 (tie with 6); 5's best is 1: not mutual. 6's best is 2, but 2's is 5.
  expect(
    decide(
      "medium",
      evidenceOf([
        [1, 5, 70],
        [2, 5, 70],
        [2, 6, 70],
      ]),
    ),
  ).toEqual([[1, 5]]);
});

// Section 4 in the words of its table: sets of pairs, without passes.
function byTable(evidence: Evidence, policy: StitchPolicy): string[] {
  const pairs = Array.from(evidence.pairA, (a, i) => ({ a, b: evidence.pairB[i]!, n: evidence.pairVoxels[i]! }));
  const side = (key: "a" | "b", other: "a" | "b", plane: Uint32Array) => (p: (typeof pairs)[number]) => {
    const mine = pairs.filter((q) => q[key] === p[key]);
    const top = mine.filter((q) => q.n > policy.minimumOverlap).sort((q, r) => r.n - q.n || q[other] - r[other])[0];
    const ratio = p.n / mine.reduce((sum, q) => sum + q.n, 0);
    return { starts: top === p && plane.includes(p[key]), ratio };
  };
  const fromA = side("a", "b", evidence.planeA);
  const fromB = side("b", "a", evidence.planeB);
  return pairs
    .filter((p) => {
      const [a, b] = [fromA(p), fromB(p)];
      const mutual = a.starts && b.starts;
      const liberal = (s: typeof a) => s.starts && s.ratio > policy.overlapRatio && p.n > policy.liberalOverlap;
      if (policy.algorithm === "conservative") return mutual && a.ratio >= policy.overlapRatio && b.ratio >= policy.overlapRatio;
      if (policy.algorithm === "medium") return mutual;
      if (policy.algorithm === "either") return a.starts || b.starts;
      return policy.algorithm === "aggressive" && (mutual || liberal(a) || liberal(b));
    })
    .map((p) => `${p.a}-${p.b}`);
}

test("the passes accept what the table of policies says, and nest", () => {
  const segment = fc.integer({ min: 1, max: 7 });
  const voxels = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }));
  const table = fc.uniqueArray(fc.tuple(segment, segment, voxels), { maxLength: 25, selector: (p) => p[0] * 10 + p[1] });
  const plane = fc.uniqueArray(segment, { maxLength: 7 });
  const constants = fc.record({
    minimumOverlap: fc.integer({ min: 0, max: 10 }),
    liberalOverlap: fc.integer({ min: 0, max: 40 }),
    overlapRatio: fc.constantFrom(0.5, 0.75, 0.9),
  });
  fc.assert(
    fc.property(table, plane, plane, constants, (pairs, planeA, planeB, by) => {
      const sorted = pairs.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
      const evidence = evidenceOf(sorted, planeA.sort(), planeB.sort());
      const found = [...STITCHING, "either" as const].map((algorithm) => {
        const policy = { algorithm, eligibilityPlane: true, ...by };
        const matches = decideMatches(evidence, policy).map((m) => `${m.a}-${m.b}`);
        expect(matches).toEqual(byTable(evidence, policy));
        return new Set(matches);
      });
      expect([...found[0]!].every((m) => found[1]!.has(m))).toBe(true);
      expect([...found[1]!].every((m) => found[2]!.has(m))).toBe(true);
      expect([...found[2]!].every((m) => found[3]!.has(m))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
