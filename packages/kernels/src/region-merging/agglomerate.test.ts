/** The queue and the mitochondria phase against the rules applied word by word, and by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FeatureGraph, featureGraph } from "../feature-graph/index.ts";
import type { Shape3 } from "../shape.ts";
import { agglomerateRegions, MergeGraph, relabelRegions } from "./index.ts";
import { mergeLazily } from "./lazy-merging.ts";

/** Mean of the edge in channel 0, in steps as coarse as votes. */
const coarseMean = (steps: number) => (row: Float32Array) => Math.round(row[2 * 10 + 1]! * steps) / steps;

/**
 * NeuroProof's rules as they read: a sorted list of (key, pair); all edges at the merged region and at its neighbours become dirty; entries
 * of pairs that are no more are skipped when they are popped.
 */
function wordByWord(merging: MergeGraph, key: (edge: number) => number, threshold: number): void {
  const { graph, neighbours } = merging;
  const edges = Array.from(graph.u.keys());
  const weight = new Map<number, number>();
  const dirty = new Set<number>();
  const queue: { k: number; u: number; v: number }[] = [];
  const push = (k: number, edge: number) => {
    queue.push({ k, u: graph.u[edge]!, v: graph.v[edge]! });
    queue.sort((a, b) => a.k - b.k || a.u - b.u || a.v - b.v);
  };
  for (const edge of edges) {
    weight.set(edge, key(edge));
    if (weight.get(edge)! <= threshold) push(weight.get(edge)!, edge);
  }
  for (;;) {
    if (queue.length === 0) {
      for (const edge of dirty) {
        if (!merging.hasEdge(edge)) continue;
        weight.set(edge, key(edge));
        if (weight.get(edge)! <= threshold) push(weight.get(edge)!, edge);
      }
      dirty.clear();
      if (queue.length === 0) return;
    }
    const { k, u, v } = queue.shift()!;
    const edge = neighbours[u]!.get(v);
    if (edge === undefined || !merging.isAlive(u) || !merging.isAlive(v)) continue;
    const wasDirty = dirty.delete(edge);
    if (wasDirty) weight.set(edge, key(edge));
    if (weight.get(edge)! > k + 1e-5) {
      if (wasDirty && weight.get(edge)! <= threshold) push(weight.get(edge)!, edge);
      continue;
    }
    merging.merge(u, v);
    for (const [other, e] of neighbours[u]!) {
      dirty.add(e);
      for (const further of neighbours[other]!.values()) dirty.add(further);
    }
  }
}

test("the lazy queue gives what the rules give, word by word", () => {
  const size = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(
      fc.tuple(size, size, size),
      fc.integer({ min: 2, max: 30 }),
      fc.constantFrom(4, 10, 255),
      fc.integer({ min: 0, max: 10 }),
      fc.infiniteStream(fc.nat(255)),
      (shape, ids, steps, tenths, random) => {
        const n = shape[0] * shape[1] * shape[2];
        const draw = () => random.next().value as number;
        const labels = Uint32Array.from({ length: n }, () => draw() % ids);
        const predictions = Uint8Array.from({ length: n }, draw);
        const make = () => featureGraph(labels, predictions, 1, shape as Shape3);
        const keyOf = (graph: FeatureGraph) => (edge: number) =>
          Math.round((graph.edges.sums[edge * 4]! / graph.edgeSize[edge]!) * steps) / steps;
        const ours = new MergeGraph(make());
        const rule = { accepts: (k: number) => k <= tenths / 10, survivor: (u: number) => u };
        mergeLazily(ours, { key: keyOf(ours.graph), ...rule });
        const theirs = new MergeGraph(make());
        wordByWord(theirs, keyOf(theirs.graph), tenths / 10);
        expect(ours.survivors()).toEqual(theirs.survivors());
        // edges that moved in another order may sit at other places; regions may not
        expect(ours.graph.size).toEqual(theirs.graph.size);
      },
    ),
    { numRuns: 300 },
  );
});

test("merged statistics are those of the merged labels, but for contracted edges", () => {
  const shape: Shape3 = [4, 5, 6];
  const labels = Uint32Array.from({ length: 120 }, (_, i) => 1 + ((i * 7) % 11));
  const predictions = Uint8Array.from({ length: 120 }, (_, i) => (i * 83) % 256);
  const graph = featureGraph(labels, predictions, 1, shape);
  const merging = new MergeGraph(graph);
  merging.merge(0, 4);
  merging.merge(2, 7);
  merging.merge(0, 2);
  relabelRegions(
    labels,
    graph.ids,
    merging.survivors().map((region) => graph.ids[region]!),
  );
  const again = featureGraph(labels, predictions, 1, shape);
  for (let k = 0; k < again.ids.length; k++) {
    const region = graph.ids.indexOf(again.ids[k]!);
    expect(graph.size[region]).toBe(again.size[k]);
    expect(graph.regions.bins.subarray(region * 25, region * 25 + 25)).toEqual(again.regions.bins.subarray(k * 25, k * 25 + 25));
  }
});

describe("by hand", () => {
  test("exactly at the threshold is merged, and 0 merges nothing", () => {
    const make = () => featureGraph(Uint32Array.of(1, 1, 2, 2), Float32Array.of(0, 0.25, 0.25, 0), 1, [1, 1, 4]);
    const run = (threshold: number, classify = coarseMean(4)) => [
      ...agglomerateRegions(make(), classify, { threshold, mitochondria: null }),
    ];
    expect(run(0.25)).toEqual([0, 0]);
    expect(run(0.2)).toEqual([0, 1]);
    expect(run(0, () => 0)).toEqual([0, 1]);
  });

  // 1 1 1 2 2 3 3 3: region 2 is a mitochondrion. Its border: 1 voxel pair each side, and the volume's faces
  const labels = Uint32Array.of(1, 1, 1, 2, 2, 3, 3, 3);
  const mitochondria = { channel: 1, threshold: 0.35, ratio: 0.2 };
  const predictions = Float32Array.from(labels, (label) => (label === 2 ? 0.35 : 0)).map(Math.fround);
  const graph = () => {
    const both = new Float32Array(16);
    predictions.forEach((p, i) => {
      both[2 * i + 1] = p + 0.001;
    });
    return featureGraph(labels, both, 2, [1, 1, 8]);
  };

  test("a mitochondrion waits, then goes to the region with the largest part of its border", () => {
    const merged = agglomerateRegions(graph(), () => 0, { threshold: 0.5, mitochondria });
    // edges of 2 voxels each, boundary 2: ratio 2 / 6 at both sides; the tie goes to the pair of the smaller ids
    expect([...merged]).toEqual([0, 0, 2]);
    expect([...agglomerateRegions(graph(), () => 0, { threshold: 0.5, mitochondria: { ...mitochondria, ratio: 0.34 } })]).toEqual([
      0, 1, 2,
    ]);
    expect([...agglomerateRegions(graph(), () => 0, { threshold: 0.5, mitochondria: null })]).toEqual([0, 0, 0]);
    // channel 0 is 0 everywhere: nothing is a mitochondrion
    expect([...agglomerateRegions(graph(), () => 0, { threshold: 0.5, mitochondria: { ...mitochondria, channel: 0 } })]).toEqual([
      0, 0, 0,
    ]);
    expect(() => agglomerateRegions(graph(), () => 0, { threshold: 0.5, mitochondria: { ...mitochondria, channel: 2 } })).toThrow(
      /below 2, found 2/,
    );
  });

  test("the mitochondrion's id goes, though it is the smaller", () => {
    const swapped = featureGraph(Uint32Array.of(1, 2, 2), Float32Array.of(1, 0, 0), 1, [1, 1, 3]);
    const survivors = agglomerateRegions(swapped, () => 1, {
      threshold: 0.5,
      mitochondria: { channel: 0, threshold: 0.35, ratio: 0.2 },
    });
    expect([...survivors]).toEqual([1, 1]);
  });

  test("a larger mitochondrion stays", () => {
    const large = featureGraph(Uint32Array.of(1, 1, 2), Float32Array.of(1, 1, 0), 1, [1, 1, 3]);
    expect([
      ...agglomerateRegions(large, () => 1, { threshold: 0.5, mitochondria: { channel: 0, threshold: 0.35, ratio: 0.2 } }),
    ]).toEqual([0, 1]);
  });

  test("what lies behind one region goes into it, with its id, however far", () => {
    // 9 in a shell of 8 in a shell of 9999: cubes of 1, 3, 5 voxels, and 5 around all of it
    const shape: Shape3 = [7, 7, 7];
    const nested = Uint32Array.from({ length: 343 }, (_, i) => {
      const away = Math.max(...[Math.floor(i / 49), Math.floor(i / 7) % 7, i % 7].map((a) => Math.abs(a - 3)));
      return [9, 8, 9999, 5000][away]!;
    });
    const inner = featureGraph(nested, new Uint8Array(343), 1, shape);
    const survivors = agglomerateRegions(inner, () => 1, { threshold: 0, mitochondria: null });
    expect(Array.from(survivors, (region) => inner.ids[region])).toEqual([5000, 5000, 5000, 5000]);
  });
});
