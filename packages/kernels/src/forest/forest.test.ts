// Packed forests give the bits of the plain walk through the stored trees; by hand on small trees. Real forests are tested where files are read.
import fc from "fast-check";
import { expect, test } from "vitest";
import { forestProbabilities, packForests, type VigraForest, type VigraTree } from "./index.ts";
import { float32NotBelow } from "./pack.ts";
import { forestProbabilitiesReference } from "./reference.ts";

const LEAF = 0x40000000;

/** Nested [column, threshold, below, not below], or the probabilities of a leaf. */
type Sketch = { split: [number, number, Sketch, Sketch] } | { leaf: number[]; weight?: number };

function treeOf(sketch: Sketch, columns: number, classes: number): VigraTree {
  const topology = [columns, classes];
  const parameters: number[] = [];
  const put = (node: Sketch): number => {
    const at = topology.length;
    if ("leaf" in node) {
      topology.push(LEAF, parameters.length);
      parameters.push(node.weight ?? 1, ...node.leaf);
    } else {
      const [column, threshold, below, above] = node.split;
      topology.push(0, parameters.length, 0, 0, column);
      parameters.push(1, threshold);
      topology[at + 2] = put(below);
      topology[at + 3] = put(above);
    }
    return at;
  };
  put(sketch);
  return { topology: Int32Array.from(topology), parameters: Float64Array.from(parameters) };
}

const forestOf = (columns: number, classes: number, sketches: Sketch[], weighted = false): VigraForest => ({
  columns,
  classes,
  weighted,
  trees: sketches.map((sketch) => treeOf(sketch, columns, classes)),
});

const STUMP: Sketch = { split: [1, 0.5, { leaf: [1, 0], weight: 1 }, { leaf: [0.25, 0.75], weight: 3 }] };

test("by hand: below the threshold to the first child, else to the second", () => {
  const forest = packForests([forestOf(2, 2, [STUMP])]);
  expect(forestProbabilities(forest, Float32Array.of(9, 0.4999, 9, 0.5, -9, 7))).toEqual(
    Float32Array.of(1, 0, 0.25, 0.75, 0.25, 0.75),
  );
  expect(forestProbabilities(forest, new Float32Array(0))).toEqual(new Float32Array(0));
});

test("by hand: the mean of the trees, forests by their number of trees", () => {
  const all = (leaf: number[]): Sketch => ({ leaf });
  const forests = [forestOf(1, 2, [all([1, 0])]), forestOf(1, 2, [all([0.5, 0.5]), all([0, 1]), all([0, 1])])];
  expect(forestProbabilities(packForests(forests), Float32Array.of(3))).toEqual(Float32Array.of(0.375, 0.625));
});

test("by hand: leaves that count by their weight", () => {
  const forest = packForests([forestOf(2, 2, [STUMP, { leaf: [1, 0], weight: 1 }], true)]);
  expect(forestProbabilities(forest, Float32Array.of(0, 1))).toEqual(Float32Array.of(1.75 / 4, 2.25 / 4));
});

test("a row with NaN gets zeros, whether or not a tree looks at it", () => {
  const forest = packForests([forestOf(2, 2, [STUMP])]);
  expect(forestProbabilities(forest, Float32Array.of(Number.NaN, 0, 1, 1))).toEqual(Float32Array.of(0, 0, 0.25, 0.75));
});

test("float32 thresholds compare like the float64 ones", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -3e38, max: 3e38 }), (t) => {
      const rounded = float32NotBelow(t);
      expect(Math.fround(rounded)).toBe(rounded);
      expect(rounded).toBeGreaterThanOrEqual(t);
      // the next float32 below is below t
      const next = new Int32Array(new Float32Array([rounded]).buffer);
      next[0]! += rounded > 0 ? -1 : 1;
      if (rounded !== 0) expect(new Float32Array(next.buffer)[0]).toBeLessThan(t);
    }),
  );
  expect([float32NotBelow(1e-60), float32NotBelow(-1e-60), float32NotBelow(0)]).toEqual([2 ** -149, -0, 0]);
});

const COLUMNS = 3;
const threshold = fc.oneof(fc.double({ min: -2, max: 2, noNaN: true }), fc.constantFrom(0, 0.5, 0.1, -1));

function sketches(classes: number): fc.Arbitrary<Sketch> {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  const values = fc.array(probability, { minLength: classes, maxLength: classes });
  const leaf = fc.record({ leaf: fc.oneof(values, values.map(normalised)), weight: fc.integer({ min: 1, max: 50 }) });
  return fc.letrec<{ node: Sketch }>((tie) => ({
    node: fc.oneof({ maxDepth: 6 }, leaf, fc.record({ split: fc.tuple(fc.nat(COLUMNS - 1), threshold, tie("node"), tie("node")) })),
  })).node;
}

const normalised = (values: number[]) => {
  const sum = values.reduce((a, b) => a + b, 0);
  return sum === 0 ? values.map((_, i) => (i === 0 ? 1 : 0)) : values.map((v) => v / sum);
};

test("same bits as the plain version: any trees, leaves that add up to 1 or not, weights, NaN, rows over several tiles", () => {
  const forests = fc.integer({ min: 1, max: 4 }).chain((classes) =>
    fc
      .array(fc.record({ sketches: fc.array(sketches(classes), { minLength: 1, maxLength: 5 }), weighted: fc.boolean() }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((some) => some.map(({ sketches, weighted }) => forestOf(COLUMNS, classes, sketches, weighted))),
  );
  const value = fc.oneof(
    fc.float({ min: -2, max: 2, noNaN: true }),
    fc.constantFrom(0, 0.5, Math.fround(0.1), Number.NaN, Infinity),
  );
  const rows = fc.oneof(fc.array(value, { maxLength: 30 }), fc.array(value, { minLength: 900, maxLength: 900 }));
  fc.assert(
    fc.property(forests, rows, (some, values) => {
      const features = Float32Array.from(values.slice(0, values.length - (values.length % COLUMNS)));
      expect(forestProbabilities(packForests(some), features)).toEqual(forestProbabilitiesReference(some, features));
    }),
    { numRuns: 200 },
  );
});

test("what cannot be evaluated is refused", () => {
  const forest = forestOf(2, 2, [STUMP]);
  const withTree = (change: (topology: Int32Array) => void): VigraForest => {
    const tree = treeOf(STUMP, 2, 2);
    change(tree.topology);
    return { ...forest, trees: [tree] };
  };
  const refused = (change: (topology: Int32Array) => void, message: RegExp) =>
    expect(() => packForests([withTree(change)])).toThrow(message);
  expect(() => packForests([])).toThrow(/expected at least one tree in each forest/);
  expect(() => packForests([{ ...forest, trees: [] }])).toThrow(/forest without trees/);
  expect(() => packForests([forest, forestOf(3, 2, [STUMP])])).toThrow(
    /expected 2 columns and 2 classes, found 3 and 2 in forest 1/,
  );
  refused((t) => t.set([5], 0), /forest 0, tree 0: expected 2 columns and 2 classes, found 5 and 2/);
  refused((t) => t.set([1], 2), /at 2, found a hyperplane split; only splits by a threshold/);
  refused((t) => t.set([2], 2), /a hypersphere split/);
  refused((t) => t.set([LEAF + 1], 2), /the unknown node type 1073741825/);
  refused((t) => t.set([2], 4), /the children 2, 9/);
  refused((t) => t.set([70], 5), /the children 7, 70/);
  refused((t) => t.set([2], 6), /the column 2 of 2/);
  refused((t) => t.set([-1], 6), /the column -1 of 2/);
  refused((t) => t.set([50], 3), /a split that is cut off/);
  refused((t) => t.set([50], 8), /a leaf without its probabilities/);
  expect(() => forestProbabilities(packForests([forest]), new Float32Array(3))).toThrow(
    /expected rows of 2 columns, found 3 values/,
  );
  expect(() => forestProbabilities(packForests([forest]), new Float32Array(4), { out: new Float32Array(3) })).toThrow(
    /out: expected room for 4 values, found 3/,
  );
});
