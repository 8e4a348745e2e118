// Training of probability forests: exact rules are learned, errors are those of rows not seen, equal seeds give equal forests, what is damaged is refused.
import { expect, test } from "vitest";
import { RandomIntegers } from "../decision-trees/index.ts";
import { forestProbabilities, packFlatForest, trainProbabilityForest } from "./index.ts";

const ROWS = 900;
const COLUMNS = 5;
function rows(seed: number): { values: Float32Array; classes: Uint8Array } {
  const random = new RandomIntegers(seed);
  const values = Float32Array.from({ length: ROWS * COLUMNS }, () => random.below(2000) / 1000 - 1);
  const classes = Uint8Array.from({ length: ROWS }, (_, row) => {
    const [a, b] = [values[row * COLUMNS + 1]!, values[row * COLUMNS + 3]!];
    return a > 0.4 ? 2 : b > 0 ? 1 : 0;
  });
  return { values, classes };
}
const train = (seed: number, { values, classes } = rows(1)) =>
  trainProbabilityForest(values, classes, COLUMNS, 3, { seed, trees: 40 });

test("three classes from two of five columns: few errors on rows of another sample, importance where the rule is", () => {
  const { forest, outOfBagErrors, importance } = train(1);
  const other = rows(2);
  const p = forestProbabilities(packFlatForest(forest), other.values);
  let wrong = 0;
  for (let row = 0; row < ROWS; row++) {
    const of = p.subarray(row * 3, row * 3 + 3);
    expect(of[0]! + of[1]! + of[2]!).toBeCloseTo(1, 5);
    if (of.indexOf(Math.max(...of)) !== other.classes[row]) wrong++;
  }
  expect(wrong / ROWS).toBeLessThan(0.05);
  const mean = outOfBagErrors.reduce((sum, e) => sum + e) / 3;
  expect(mean).toBeGreaterThan(0);
  expect(Math.abs(mean - wrong / ROWS)).toBeLessThan(0.04);
  expect(importance[1]! + importance[3]!).toBeGreaterThan(0.8);
  expect(importance.reduce((sum, g) => sum + g)).toBeCloseTo(1, 9);
});

test("classes without any pattern: no better than guessing on rows not seen", () => {
  const random = new RandomIntegers(3);
  const classes = Uint8Array.from({ length: ROWS }, () => random.below(3));
  const { outOfBagErrors } = train(1, { values: rows(1).values, classes });
  expect(outOfBagErrors.reduce((sum, e) => sum + e) / 3).toBeGreaterThan(0.58);
});

test("a rare class counts as much as a frequent one", () => {
  const random = new RandomIntegers(4);
  const classes = Uint8Array.from({ length: ROWS }, (_, row) => (row % 30 === 0 ? 1 : 0));
  const values = Float32Array.from({ length: ROWS }, (_, row) => random.below(1000) / 1000 + (classes[row] === 1 ? 0.5 : 0));
  const { forest } = trainProbabilityForest(values, classes, 1, 2, { seed: 1, trees: 60, minSamples: 200 });
  // 0.5 … 1 is where both are: alike in density, once they have the same weight
  const p = forestProbabilities(packFlatForest(forest), Float32Array.of(0.75, 0.1, 1.4));
  expect(p[1]).toBeGreaterThan(0.25);
  expect(p[1]).toBeLessThan(0.75);
  expect(p[3]).toBeLessThan(0.1);
  expect(p[5]).toBeGreaterThan(0.9);
});

test("a value at the threshold goes left, as in training", () => {
  const { forest } = trainProbabilityForest(Float32Array.of(-2, -2, -1, -1), Uint8Array.of(0, 0, 1, 1), 1, 2, {
    ...{ seed: 1, trees: 20, minSamples: 1 },
  });
  const thresholds = [...forest.threshold].filter((t) => t !== 0);
  expect(new Set(thresholds)).toEqual(new Set([Math.fround(-1.5 + 2 ** -23)]));
  const p = forestProbabilities(packFlatForest(forest), Float32Array.of(-1.5, thresholds[0]!));
  expect(p[0]).toBeGreaterThan(0.5);
  expect(p[2]).toBeLessThan(0.5);
});

test("equal seeds, equal forests", () => {
  expect(train(7)).toEqual(train(7));
  expect(train(8).forest.threshold).not.toEqual(train(7).forest.threshold);
});

test("what cannot be learned from, and damaged forests", () => {
  const code = { code: "E_KERNEL_ARGUMENT" };
  const { values, classes } = rows(1);
  const refused = (v: Float32Array, c: Uint8Array, kinds = 3) =>
    expect(() => trainProbabilityForest(v, c, COLUMNS, kinds, { seed: 1, trees: 1 })).toThrow(expect.objectContaining(code));
  refused(values, new Uint8Array(ROWS));
  refused(values, classes, 2);
  refused(values.subarray(1), classes);
  refused(
    values.map((v, i) => (i === 77 ? Number.NaN : v)),
    classes,
  );
  const { forest } = train(1);
  const damaged = (change: object) => expect(() => packFlatForest({ ...forest, ...change })).toThrow(expect.objectContaining(code));
  damaged({ roots: new Int32Array(0) });
  damaged({ roots: Int32Array.of(-1) });
  damaged({ column: forest.column.map(() => COLUMNS) });
  damaged({ child: forest.child.map((next, node) => (next > 0 ? node : next)) });
  damaged({ child: forest.child.map((next) => (next < 0 ? -(2 ** 30) : next)) });
  damaged({ leaves: forest.leaves.map(() => Number.NaN) });
  damaged({ leaves: forest.leaves.subarray(1) });
  damaged({ threshold: forest.threshold.subarray(1) });
});
