import { expect, test } from "vitest";
import { contextOf } from "../step-input.suite.ts";
import { naiveMembranePredictions } from "./naive-membrane-predictions.ts";

const gray = Uint8Array.of(0, 50, 100, 150, 200, 250);
const run = (parameters: { range?: [number, number] }, values = gray, inside: Uint8Array | null = null) =>
  naiveMembranePredictions({ ...contextOf([1, 2, values.length / 2], parameters, inside), gray: values, mask: null });

test("between the smallest and the largest grey", () => {
  const { data, shape } = run({});
  expect(shape).toEqual([1, 2, 3, 1]);
  expect(data).toEqual(Float32Array.of(1, 0.8, 0.6, 0.4, 0.2, 0));
});

test("a range holds for every subvolume and cuts what lies outside it", () => {
  expect(run({ range: [50, 200] }).data).toEqual(Float32Array.of(1, 1, 1 - 50 / 150, 1 - 100 / 150, 0, 0));
});

test("a constant image has no membrane", () => {
  expect(run({}, new Uint8Array(6).fill(77)).data).toEqual(new Float32Array(6));
});

test("padding counts for nothing and is 0", () => {
  const inside = Uint8Array.of(0, 1, 1, 1, 1, 0);
  expect(run({}, gray, inside).data).toEqual(Float32Array.of(0, 1, 1 - 50 / 150, 1 - 100 / 150, 0, 0));
  expect(run({}, gray, new Uint8Array(6)).data).toEqual(new Float32Array(6));
});
