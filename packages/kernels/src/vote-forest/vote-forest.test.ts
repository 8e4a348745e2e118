import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { RandomIntegers } from "../decision-trees/index.ts";
import { DATA } from "../real-data.suite.ts";
import { countVotes, trainVoteForest, type VoteForest, voteClassifier } from "./index.ts";

/** x0 <= 0.5 votes 0, else x1 <= 2 votes 1, else 0. */
const small: VoteForest = {
  features: 2,
  roots: Uint32Array.of(0),
  feature: Int32Array.of(0, -1, 1, -1, -1),
  threshold: Float32Array.of(0.5, 0, 2, 0, 0),
  left: Uint32Array.of(1, 0, 3, 0, 0),
  right: Uint32Array.of(2, 0, 4, 0, 0),
  vote: Uint8Array.of(1, 0, 1, 1, 0),
  samples: new Uint32Array(5),
  quality: new Float32Array(5),
};

test("by hand: at most goes left, NaN goes right", () => {
  const votes = (...row: number[]) => countVotes(small, Float32Array.from(row));
  expect(votes(0.5, 0)).toBe(0);
  expect(votes(0.6, 2)).toBe(1);
  expect(votes(0.6, 2.5)).toBe(0);
  expect(votes(Number.NaN, 0)).toBe(1);
});

test("probabilities are added tree by tree", () => {
  const trees: VoteForest = { ...small, roots: new Uint32Array(255).fill(1).map((leaf, tree) => (tree % 2 === 0 ? leaf : 3)) };
  // 127 of 255 votes; for 112 votes NeuroProof gives 0.4392156862745087, not 112 / 255
  expect(voteClassifier(trees)(Float32Array.of(0, 0))).not.toBe(127 / 255);
  const some: VoteForest = { ...small, roots: new Uint32Array(255).fill(1).map((leaf, tree) => (tree < 112 ? 3 : leaf)) };
  expect(voteClassifier(some)(Float32Array.of(0, 0))).toBe(0.4392156862745087);
});

test("a forest learns a rule, says how well, and names the feature that decides", () => {
  const random = new RandomIntegers(5);
  const rows = 600;
  const values = Float32Array.from({ length: rows * 8 }, () => random.below(1000) / 1000);
  const classes = Uint8Array.from({ length: rows }, (_, row) => (values[row * 8 + 3]! > 0.7 ? 1 : 0));
  const { forest, outOfBagError, importance } = trainVoteForest(values, classes, 8, { seed: 1, trees: 51 });
  expect(outOfBagError).toBeLessThan(0.03);
  expect(importance[3]).toBeGreaterThan(0.6);
  expect(importance.reduce((sum, g) => sum + g, 0)).toBeCloseTo(1, 12);
  const probability = voteClassifier(forest);
  expect(probability(Float32Array.of(0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0.5, 0.5))).toBeGreaterThan(0.8);
  expect(probability(Float32Array.of(0.5, 0.5, 0.5, 0.1, 0.5, 0.5, 0.5, 0.5))).toBeLessThan(0.2);
  expect(trainVoteForest(values, classes, 8, { seed: 1, trees: 51 }).forest).toEqual(forest);
  expect(trainVoteForest(values, classes, 8, { seed: 2, trees: 51 }).forest).not.toEqual(forest);
});

test("labels without a rule: about half of the votes are wrong", () => {
  const random = new RandomIntegers(9);
  const values = Float32Array.from({ length: 400 * 6 }, () => random.below(1000));
  const classes = Uint8Array.from({ length: 400 }, () => random.below(2));
  const { outOfBagError } = trainVoteForest(values, classes, 6, { seed: 1, trees: 101 });
  expect(outOfBagError).toBeGreaterThan(0.4);
  expect(outOfBagError).toBeLessThan(0.6);
});

test("what cannot be learned from", () => {
  expect(() => trainVoteForest(new Float32Array(6), new Uint8Array(3), 2, { seed: 1 })).toThrow(
    /two or more classes, found 3, 0 rows/,
  );
  expect(() => trainVoteForest(new Float32Array(5), Uint8Array.of(0, 1, 1), 2, { seed: 1 })).toThrow(
    /2 numbers for each of 3 rows/,
  );
  expect(() => trainVoteForest(Float32Array.of(1, Number.NaN), Uint8Array.of(0, 1), 1, { seed: 1 })).toThrow(
    /NaN in row 1, feature 0/,
  );
});

describe.skipIf(!existsSync(`${DATA}/reference-forest`))("gala", () => {
  const lines = gunzipSync(readFileSync(`${DATA}/reference-forest/gala_train_edges.csv.gz`))
    .toString()
    .trim()
    .split("\n")
    .slice(1);
  const numbers = lines.map((line) => line.split(",").map(Number));
  const values = Float32Array.from(numbers.flatMap((row) => row.slice(2, 37)));
  const classes = Uint8Array.from(numbers, (row) => (row[37] === 1 ? 1 : 0));

  test.each([1, 2, 3, 4, 5])("out-of-bag error of at most 0.04, seed %i", (seed) => {
    const { outOfBagError } = trainVoteForest(values, classes, 35, { seed });
    expect(outOfBagError).toBeLessThanOrEqual(0.04);
    expect(outOfBagError).toBeGreaterThan(0);
  });
});
