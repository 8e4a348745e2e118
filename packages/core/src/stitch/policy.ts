/**
 * Policies: which overlaps of a face become matches.
 *
 * The best partner of a segment is the one with the most common voxels, if there are more than `minimumOverlap`; ties go to the smallest
 * local id. T(i) = voxels that i shares with any segment of the other side. The policies, for a pair (i, j) with n voxels:
 *
 *   none          nothing
 *   conservative  best of each other, and n / T ≥ ratio on both sides
 *   medium        best of each other
 *   aggressive    medium, or best of one side with n / T > ratio there and n > `liberalOverlap`
 *   either        best of one side: equation 1 with OR, as it stands before the paper makes it stricter
 *
 * Source: Plaza & Berg, equations 1 to 3 with the constants of their program. O(pairs) time and memory.
 */
import type { Evidence, Match, StitchAlgorithm, StitchPolicy } from "./types.ts";

/** The constants of the original program. */
export const DEFAULT_POLICY: StitchPolicy = {
  algorithm: "medium",
  minimumOverlap: 50,
  liberalOverlap: 1000,
  overlapRatio: 0.9,
  eligibilityPlane: true,
};

interface Best {
  /** Position of the pair in the evidence; −1 = no partner counts. */
  pair: number;
  voxels: number;
  /** T: voxels shared with any segment of the other side. */
  total: number;
}

/** The matches of one face, sorted by (a, b), each once. Deterministic: depends on the evidence and the policy only. */
export function decideMatches(evidence: Evidence, policy: StitchPolicy): Match[] {
  const { algorithm } = policy;
  if (algorithm === "none") return [];
  const { pairA, pairB } = evidence;
  const accepted = new Set<number>();
  const candidates = new Set<number>();

  for (const { pair, voxels, total } of initiators(evidence, pairB, evidence.planeB, policy)) {
    if (algorithm === "conservative" && voxels / total < policy.overlapRatio) continue;
    if (isEnough(algorithm, voxels, total, policy)) accepted.add(pair);
    else candidates.add(pair);
  }
  for (const { pair, voxels, total } of initiators(evidence, pairA, evidence.planeA, policy)) {
    if (algorithm === "conservative" && voxels / total < policy.overlapRatio) continue;
    if (isEnough(algorithm, voxels, total, policy) || candidates.has(pair)) accepted.add(pair);
  }
  // Pairs are sorted, and so are their positions.
  return Array.from(Uint32Array.from(accepted).sort(), (pair) => ({ a: pairA[pair]!, b: pairB[pair]! }));
}

/** Whether being the best of one side is enough for a match. */
function isEnough(algorithm: StitchAlgorithm, voxels: number, total: number, policy: StitchPolicy): boolean {
  if (algorithm === "either") return true;
  return algorithm === "aggressive" && voxels / total > policy.overlapRatio && voxels > policy.liberalOverlap;
}

/** The best pair of each segment of one side that may start a match and has a partner that counts. */
function* initiators(evidence: Evidence, side: Uint32Array, plane: Uint32Array, policy: StitchPolicy): Generator<Best> {
  const best = bestPairs(side, evidence.pairVoxels, policy.minimumOverlap);
  for (const segment of policy.eligibilityPlane ? plane : best.keys()) {
    const found = best.get(segment);
    if (found !== undefined && found.pair >= 0) yield found;
  }
}

function bestPairs(side: Uint32Array, pairVoxels: Float64Array, minimumOverlap: number): Map<number, Best> {
  const best = new Map<number, Best>();
  for (let pair = 0; pair < side.length; pair++) {
    const voxels = pairVoxels[pair]!;
    let found = best.get(side[pair]!);
    if (found === undefined) {
      found = { pair: -1, voxels: minimumOverlap, total: 0 };
      best.set(side[pair]!, found);
    }
    found.total += voxels;
    // Strictly more: the first of equals has the smallest partner, because pairs are sorted.
    if (voxels > found.voxels) {
      found.pair = pair;
      found.voxels = voxels;
    }
  }
  return best;
}
