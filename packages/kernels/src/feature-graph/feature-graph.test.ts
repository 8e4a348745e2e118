import fc from "fast-check";
import { expect, test } from "vitest";
import type { Shape3 } from "../shape.ts";
import { edgeFeatures, featureCount, featureGraph, featureNames } from "./index.ts";
import { featureGraphReference } from "./reference.ts";

test("by hand: a voxel counts once for each neighbour region; boundaries", () => {
  // 1 2
  // 1 1   in one slice, so that every voxel is at the volume's faces
  const graph = featureGraph(Uint32Array.of(1, 2, 1, 1), Float32Array.of(0, 1, 0.5, 0.25), 1, [1, 2, 2]);
  expect(graph).toMatchObject({
    ids: Uint32Array.of(1, 2),
    size: Float64Array.of(3, 1),
    boundary: Float64Array.of(3, 1),
    u: Uint32Array.of(0),
    v: Uint32Array.of(1),
    edgeSize: Float64Array.of(3), // two 1s once each, and 2 once, though it touches 1 twice
  });
});

test("by hand: inside a volume, a neighbour 0 makes a boundary voxel", () => {
  const labels = new Uint32Array(27).fill(7);
  labels[13] = 9;
  labels[14] = 0;
  const graph = featureGraph(labels, new Float32Array(27), 1, [3, 3, 3]);
  expect(graph.boundary).toEqual(Float64Array.of(25, 1));
  expect(graph.edgeSize).toEqual(Float64Array.of(5 + 1));
});

test("by hand: features of two channels", () => {
  const labels = Uint32Array.of(5, 5, 3);
  const p = [0.5, 0, 1, 0, 0.25, 0.1]; // channel 0: 0.5, 1 | 0.25; channel 1: 0, 0 | 0.1
  const graph = featureGraph(labels, Float32Array.from(p), 2, [1, 1, 3]);
  const row = edgeFeatures(graph, 0);
  const names = featureNames(2);
  expect(row.length).toBe(66);
  expect(names.length).toBe(66);
  expect(new Set(names).size).toBe(66);
  const of = (name: string) => row[names.indexOf(name)];
  expect(of("small.count")).toBe(1); // region 3
  expect(of("small.c0.mean")).toBe(0.25);
  expect(of("large.count")).toBe(2);
  expect(of("large.c0.mean")).toBe(0.75);
  expect(of("large.c0.variance")).toBe(0.0625);
  expect(of("large.c0.moment3")).toBe(0);
  expect(of("large.c0.moment4")).toBe(0.00390625);
  // bins 12 (0.5) and 24 (1): the median of n = 2 is reached at the end of bin 12
  expect(of("large.c0.q50")).toBe(13 / 25);
  expect(of("large.c0.q10")).toBeCloseTo(12.2 / 25, 12);
  expect(of("edge.count")).toBe(2); // voxels 1 and 0.25
  expect(of("edge.c0.mean")).toBe(0.625);
  expect(of("difference.count")).toBe(1);
  expect(of("difference.c0.mean")).toBe(0.5);
  expect(of("difference.c1.mean")).toBeCloseTo(0.1, 7);
});

test("of regions of one size, the smaller id comes first", () => {
  const graph = featureGraph(Uint32Array.of(9, 4), Float32Array.of(0.75, 0.25), 1, [1, 1, 2]);
  expect(edgeFeatures(graph, 0)[1]).toBe(0.25);
});

test("same as the plain version", () => {
  const size = fc.integer({ min: 0, max: 5 });
  fc.assert(
    fc.property(
      fc.tuple(size, size, size),
      fc.constantFrom([1, 0], [0, 1, 2, 3], [5, 6, 0xffffffff, 0x80000000]),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      fc.infiniteStream(fc.nat(255)),
      (shape, choices, channels, bytes, random) => {
        const n = shape[0] * shape[1] * shape[2];
        const draw = () => random.next().value as number;
        const labels = Uint32Array.from({ length: n }, () => choices[draw() % choices.length]!);
        const values = Uint8Array.from({ length: n * channels }, draw);
        const predictions = bytes ? values : Float32Array.from(values, (v) => v / 255);
        const graph = featureGraph(labels, predictions, channels, shape as Shape3);
        expect(graph).toEqual(featureGraphReference(labels, predictions, channels, shape as Shape3));
        for (let edge = 0; edge < graph.u.length; edge++) {
          expect(edgeFeatures(graph, edge).length).toBe(featureCount(channels));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("what does not fit", () => {
  expect(() => featureGraph(new Uint32Array(7), new Uint8Array(8), 1, [2, 2, 2])).toThrow(/labels: expected 8/);
  expect(() => featureGraph(new Uint32Array(8), new Uint8Array(8), 2, [2, 2, 2])).toThrow(/predictions: expected 16/);
  const nan = new Float32Array(16);
  nan[11] = Number.NaN;
  expect(() => featureGraph(new Uint32Array(8), nan, 2, [2, 2, 2])).toThrow(
    /expected finite numbers, found NaN at x 1, y 0, z 1, channel 1/,
  );
});
