/**
 * Random forests of two classes by majority vote.
 *
 *     const { forest, outOfBagError } = trainVoteForest(rows, classes, 35, { seed: 1 });
 *     const probability = voteClassifier(forest);
 *     probability(row);          // part of the trees that vote for class 1
 */
import { countVotes, voteProbabilities } from "./evaluate.ts";
import type { VoteForest } from "./types.ts";

export { countVotes } from "./evaluate.ts";
export { type TrainedForest, type TrainOptions, trainVoteForest } from "./train.ts";
export type { VoteForest } from "./types.ts";

/** The forest as a function: probability of class 1, the weights of the trees added one by one in float64. */
export function voteClassifier(forest: VoteForest): (row: Float32Array) => number {
  const probability = voteProbabilities(forest.roots.length);
  return (row) => probability[countVotes(forest, row)]!;
}
