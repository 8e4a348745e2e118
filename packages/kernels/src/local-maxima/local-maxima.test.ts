import fc from "fast-check";
import { expect, test } from "vitest";
import { localMaxima } from "./index.ts";
import { localMaximaReference } from "./reference.ts";

test("by hand: peaks, plateaus, borders", () => {
  const values = Float32Array.of(2, 2, 2, 3, 1, 1, 2, 2, 1);
  for (const shape of [
    [1, 1, 9],
    [1, 9, 1],
    [9, 1, 1],
  ] as const) {
    expect([...localMaxima(values, shape)]).toEqual([0, 0, 0, 1, 0, 0, 1, 1, 0]);
  }
  expect([...localMaxima(Float32Array.of(5, 5, 4, 5), [1, 1, 4])]).toEqual([1, 1, 0, 1]);
  expect([...localMaxima(new Float32Array(8), [2, 2, 2])]).toEqual(new Array(8).fill(1));
  expect([...localMaxima(new Float32Array(0), [2, 0, 2])]).toEqual([]);
});

test("by hand: corners are neighbours", () => {
  // 4 . .      the 4s are one plateau over corners; with a 5 at its far end none of it counts
  // . 4 .
  // . . 4
  const values = Float32Array.of(4, 0, 0, 0, 4, 0, 0, 0, 4);
  expect([...localMaxima(values, [1, 3, 3])]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect([...localMaxima(Float32Array.of(...values, 0, 0, 5), [1, 4, 3])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect([...localMaxima(Float32Array.of(1, 0, 0, 0, 0, 0, 0, 2), [2, 2, 2])]).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
});

test("by hand: minimum, mask, NaN", () => {
  const values = Float32Array.of(1, 0, 2, 0, 3, 9);
  expect([...localMaxima(values, [1, 1, 6], { minimum: 2 })]).toEqual([0, 0, 1, 0, 0, 1]);
  expect([...localMaxima(values, [1, 1, 6], { mask: Uint8Array.of(1, 1, 1, 1, 1, 0) })]).toEqual([1, 0, 1, 0, 1, 0]);
  expect([...localMaxima(Float32Array.of(Number.NaN, 1, 1), [3, 1, 1])]).toEqual([0, 1, 1]);
});

test("same as the plain version", () => {
  const volume = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 7 }))
    .chain((shape) => {
      const n = shape[0] * shape[1] * shape[2];
      const array = (most: number) => fc.array(fc.integer({ min: -most, max: most }), { minLength: n, maxLength: n });
      const mask = fc.array(fc.constantFrom(0, 1, 1, 255), { minLength: n, maxLength: n });
      return fc.record({
        shape: fc.constant(shape),
        values: fc.oneof(array(0), array(1), array(3), array(1000)),
        mask: fc.option(mask),
      });
    });
  const minimum = fc.option(fc.constantFrom(-1, 0, 0.5, 1), { nil: undefined });
  fc.assert(
    fc.property(volume, minimum, ({ shape, values, mask }, minimum) => {
      const v = Float32Array.from(values);
      const m = mask && Uint8Array.from(mask);
      const found = localMaxima(v, shape, { mask: m, ...(minimum === undefined ? {} : { minimum }) });
      expect(found).toEqual(localMaximaReference(v, shape, minimum, m));
    }),
    { numRuns: 1000 },
  );
});

test("wrong arguments", () => {
  expect(() => localMaxima(new Float32Array(7), [2, 2, 2])).toThrow(/values: expected 8 .* found 7/);
  expect(() => localMaxima(new Float32Array(8), [2, 2, 2], { mask: new Uint8Array(1) })).toThrow(/mask: expected 8 .* found 1/);
  expect(() => localMaxima(new Float32Array(8), [2, 2, 2], { minimum: Number.NaN })).toThrow(/minimum: .* NaN/);
});
