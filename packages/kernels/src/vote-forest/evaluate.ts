import type { VoteForest } from "./types.ts";

/** Trees that vote for class 1. The row has `forest.features` numbers. */
export function countVotes({ roots, feature, threshold, left, right, vote }: VoteForest, row: Float32Array): number {
  let votes = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    for (let f = feature[node]!; f >= 0; f = feature[node]!) {
      node = row[f]! <= threshold[node]! ? left[node]! : right[node]!;
    }
    votes += vote[node]!;
  }
  return votes;
}

/** The probability of each number of votes, 0 to all: 1/trees added so many times, as the sums of NeuroProof come out. */
export function voteProbabilities(trees: number): Float64Array {
  const sums = new Float64Array(trees + 1);
  for (let k = 1; k <= trees; k++) sums[k] = sums[k - 1]! + 1 / trees;
  return sums;
}
