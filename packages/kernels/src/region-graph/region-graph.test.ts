import fc from "fast-check";
import { expect, test } from "vitest";
import { fib25Available, fib25Labels, fib25Membrane } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { regionGraph } from "./index.ts";
import { regionGraphReference } from "./reference.ts";

test("by hand", () => {
  // slice 0: 1 2 / 0 2   slice 1: 1 1 / 3 0
  const labels = Uint32Array.of(1, 2, 0, 2, 1, 1, 3, 0);
  const levels = Uint16Array.of(1, 10, 100, 1000, 2, 20, 200, 2000);
  expect(regionGraph(labels, levels, [2, 2, 2])).toEqual({
    u: Uint32Array.of(1, 1),
    v: Uint32Array.of(2, 3),
    sum: Float64Array.of(1 + 10 + 10 + 20, 2 + 200),
    count: Float64Array.of(4, 2),
  });
  expect(regionGraph(new Uint32Array(), new Uint8Array(), [0, 3, 3]).u.length).toBe(0);
});

test("same as the plain version", () => {
  const size = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(
      fc.tuple(size, size, size),
      fc.constantFrom([0, 1], [0, 1, 2, 3], [5, 6, 0xffffffff, 0x80000000, 0]),
      fc.boolean(),
      fc.infiniteStream(fc.nat(65535)),
      (shape, choices, wide, random) => {
        const n = shape[0] * shape[1] * shape[2];
        const draw = () => random.next().value as number;
        const labels = Uint32Array.from({ length: n }, () => choices[draw() % choices.length]!);
        const levels = wide ? Uint16Array.from({ length: n }, draw) : Uint8Array.from({ length: n }, draw);
        expect(regionGraph(labels, levels, shape as Shape3)).toEqual(regionGraphReference(labels, levels, shape as Shape3));
      },
    ),
    { numRuns: 300 },
  );
});

test("arrays that do not fill the shape", () => {
  expect(() => regionGraph(new Uint32Array(7), new Uint8Array(8), [2, 2, 2])).toThrow(/labels: expected 8/);
  expect(() => regionGraph(new Uint32Array(8), new Uint8Array(7), [2, 2, 2])).toThrow(/levels: expected 8/);
});

test.skipIf(!fib25Available)("fib25: edges and totals as independent programs find them", () => {
  const labels = fib25Labels("ws");
  const levels = fib25Membrane();
  const graph = regionGraph(labels, levels, [250, 250, 250]);
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  // edges: waterz, vigra, cc3d; totals and the largest edge: numpy
  expect(graph.u.length).toBe(14345);
  expect(total(graph.sum)).toBe(706720253);
  expect(total(graph.count)).toBe(5809110);
  const i = graph.u.findIndex((u, k) => u === 164 && graph.v[k] === 250);
  expect([graph.sum[i], graph.count[i]]).toEqual([7163919, 44788]);
});
