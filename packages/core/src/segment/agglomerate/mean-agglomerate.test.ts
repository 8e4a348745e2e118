import fc from "fast-check";
import { expect, test } from "vitest";
import type { Vec3 } from "../../geometry/box.ts";
import { contextOf } from "../step-input.suite.ts";
import type { Edge } from "./edge-heap.ts";
import { meanAgglomerate, mergeEdges } from "./mean-agglomerate.ts";

const edge = (a: number, b: number, sum: number, count: number): Edge => ({ a, b, sum, count, version: 0 });
const entries = (map: Map<number, number>) => [...map].sort((x, y) => x[0] - y[0]);

test("the smallest mean first; edges to a common neighbour add up", () => {
  // 1-2 at 10 merges; then 1-3 is (40 + 24) / (2 + 2) = 16
  expect(entries(mergeEdges([edge(1, 2, 20, 2), edge(1, 3, 40, 2), edge(2, 3, 24, 2)], 16 / 100, 100))).toEqual([
    [2, 1],
    [3, 1],
  ]);
  // without the sum, 2-3 alone at 12 would pass a limit of 15
  expect(entries(mergeEdges([edge(1, 2, 20, 2), edge(1, 3, 40, 2), edge(2, 3, 24, 2)], 15 / 100, 100))).toEqual([[2, 1]]);
});

test("a tie goes to the smaller first id, then the smaller second", () => {
  // all at 10. 1-4 first, which lifts 4-5 to (20 + 80) / 4 = 25 through 1-5
  expect(entries(mergeEdges([edge(4, 5, 20, 2), edge(1, 4, 20, 2), edge(1, 5, 80, 2)], 0.1, 100))).toEqual([[4, 1]]);
  // all at 10. 1-2 first, which lifts 1-3
  expect(entries(mergeEdges([edge(1, 3, 20, 2), edge(1, 2, 20, 2), edge(2, 3, 80, 2)], 0.1, 100))).toEqual([[2, 1]]);
});

test("the threshold is its decimal value and is met by equality", () => {
  expect(mergeEdges([edge(1, 2, 2 * 51, 2)], 0.2, 255).size).toBe(1);
  expect(mergeEdges([edge(1, 2, 2 * 51 + 1, 2)], 0.2, 255).size).toBe(0);
  expect(mergeEdges([edge(1, 2, 3 * 13107, 3)], 0.2, 65535).size).toBe(1);
  expect(mergeEdges([edge(1, 2, 0, 2)], 0, 255).size).toBe(1);
  expect(mergeEdges([edge(1, 2, 1, 2 ** 40)], 0, 255).size).toBe(0);
});

/** The rule as it reads: every time, all pairs, the exact smallest. */
function oracle(edges: readonly Edge[], thresholdPercent: number, top: number): [number, number][] {
  let graph = edges.map(({ a, b, sum, count }) => ({ a, b, sum: BigInt(sum), count: BigInt(count) }));
  const survivor = new Map<number, number>();
  for (;;) {
    graph.sort((x, y) => Number(x.sum * y.count - y.sum * x.count) || x.a - y.a || x.b - y.b);
    const first = graph[0];
    if (first === undefined || first.sum * 100n > BigInt(thresholdPercent * top) * first.count) break;
    for (const [id, to] of survivor) if (to === first.b) survivor.set(id, first.a);
    survivor.set(first.b, first.a);
    const sums = new Map<string, (typeof graph)[number]>();
    for (const { a, b, sum, count } of graph.slice(1)) {
      const u = a === first.b ? first.a : a;
      const v = b === first.b ? first.a : b;
      const key = `${Math.min(u, v)}-${Math.max(u, v)}`;
      const known = sums.get(key) ?? { a: Math.min(u, v), b: Math.max(u, v), sum: 0n, count: 0n };
      sums.set(key, { ...known, sum: known.sum + sum, count: known.count + count });
    }
    graph = [...sums.values()];
  }
  return [...survivor].sort((x, y) => x[0] - y[0]);
}

test("equals the rule applied word by word", () => {
  const graphs = fc.uniqueArray(
    fc.record({
      a: fc.integer({ min: 1, max: 12 }),
      b: fc.integer({ min: 1, max: 12 }),
      p: fc.integer({ min: 0, max: 9 }),
      n: fc.integer({ min: 1, max: 3 }),
    }),
    { selector: ({ a, b }) => `${Math.min(a, b)}-${Math.max(a, b)}`, maxLength: 40 },
  );
  fc.assert(
    fc.property(graphs, fc.integer({ min: 0, max: 100 }), (records, percent) => {
      const edges = records
        .filter(({ a, b }) => a !== b)
        .map(({ a, b, p, n }) => edge(Math.min(a, b), Math.max(a, b), p * n, 2 * n));
      expect(
        entries(
          mergeEdges(
            edges.map((e) => ({ ...e })),
            percent / 100,
            5,
          ),
        ),
      ).toEqual(oracle(edges, percent, 5));
    }),
    { numRuns: 500 },
  );
});

test("on voxels: contacts of two labels add both probabilities and count 2; zero is no segment", () => {
  const shape: Vec3 = [1, 2, 6];
  const supervoxels = Uint32Array.of(...[3, 3, 1, 1, 0, 2], ...[3, 3, 1, 1, 0, 2]);
  const p = Float32Array.of(...[0, 0.1, 0.3, 0, 0, 0], ...[0, 0.1, 0.1, 0, 0, 0]); // 1-3: (0.4 + 0.2) / 4 = 0.15
  const run = (threshold: number) =>
    meanAgglomerate({
      ...contextOf(shape, { threshold, boundary_channel: 0 }),
      gray: new Uint8Array(12),
      mask: null,
      predictions: { data: p, shape: [...shape, 1] },
      supervoxels: supervoxels.slice(),
    });
  expect(run(0.14)).toEqual(supervoxels);
  expect(run(0.151)).toEqual(Uint32Array.of(...[1, 1, 1, 1, 0, 2], ...[1, 1, 1, 1, 0, 2]));
});
