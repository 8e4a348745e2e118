import fc from "fast-check";
import { expect, test } from "vitest";
import type { Shape3 } from "../shape.ts";
import { gaussianSmooth } from "./index.ts";
import { gaussianSmoothReference } from "./reference.ts";

// sigma 1, radius 3: 1, e^-1/2, e^-2, e^-9/2 over their sum 2.5059499
const taps = [0.39905028, 0.24203623, 0.05400559, 0.00443305];

test("by hand: an impulse gives the taps, along each axis", () => {
  for (const axis of [0, 1, 2]) {
    const shape = [1, 1, 1].map((_, a) => (a === axis ? 9 : 1)) as unknown as Shape3;
    const sigma = [0, 0, 0].map((_, a) => (a === axis ? 1 : 0)) as unknown as Shape3;
    const smooth = gaussianSmooth(Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0), shape, { sigma });
    [0, taps[3], taps[2], taps[1], taps[0], taps[1], taps[2], taps[3], 0].forEach((tap, i) => {
      expect(smooth[i]).toBeCloseTo(tap!, 6);
    });
  }
});

test("by hand: mirrored about the first and last voxel", () => {
  const [a, b, c, d] = taps as [number, number, number, number];
  // … 3 2 1 │ 0 1 2 3 4 │ 3 2 1 …: the impulse at 1 is seen from 0 twice, from 1 also at distance 2
  const smooth = gaussianSmooth(Float32Array.of(0, 1, 0, 0, 0), [1, 1, 5], { sigma: [0, 0, 1] });
  [2 * b, a + c, b + d, c, 2 * d].forEach((value, i) => {
    expect(smooth[i]).toBeCloseTo(value, 6);
  });
  // wider than the line: 0 1 │ 0 1 │ 0 1 …, from 0 the impulse is at all odd distances
  const short = gaussianSmooth(Float32Array.of(0, 1), [2, 1, 1], { sigma: [1, 0, 0] });
  expect(short[0]).toBeCloseTo(2 * b + 2 * d, 6);
  expect(short[1]).toBeCloseTo(a + 2 * c, 6);
});

test("by hand: truncate", () => {
  const smooth = gaussianSmooth(Float32Array.of(0, 0, 1, 0, 0), [1, 5, 1], { sigma: [0, 1, 0], truncate: 1 });
  const side = Math.exp(-0.5) / (1 + 2 * Math.exp(-0.5));
  [0, side, 1 - 2 * side, side, 0].forEach((value, i) => {
    expect(smooth[i]).toBeCloseTo(value, 6);
  });
});

test("sigma 0 changes nothing", () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i * 1.1);
  expect(gaussianSmooth(values, [2, 3, 4], { sigma: [0, 0, 0] })).toEqual(values);
  expect(gaussianSmooth(new Float32Array(0), [2, 0, 4], { sigma: [1, 1, 1] }).length).toBe(0);
});

test("same bits as the plain version, in place too", () => {
  const volume = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }))
    .chain((shape) => {
      const n = shape[0] * shape[1] * shape[2];
      return fc.record({
        shape: fc.constant(shape),
        values: fc.float32Array({ minLength: n, maxLength: n, min: -1000, max: 1000, noNaN: true }),
      });
    });
  const sigma = fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 3, noNaN: true }));
  fc.assert(
    fc.property(volume, fc.tuple(sigma, sigma, sigma), fc.constantFrom(1, 2, 3, 4.5), ({ shape, values }, sigma, truncate) => {
      const expected = gaussianSmoothReference(values, shape, sigma, truncate);
      const before = values.slice();
      expect(gaussianSmooth(values, shape, { sigma, truncate })).toEqual(expected);
      expect(values).toEqual(before);
      expect(gaussianSmooth(values, shape, { sigma, truncate, out: values })).toBe(values);
      expect(values).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test("wrong arguments", () => {
  const values = new Float32Array(8);
  expect(() => gaussianSmooth(values, [2, 2, 3], { sigma: [1, 1, 1] })).toThrow(/values: expected 12 .* found 8/);
  expect(() => gaussianSmooth(values, [2, 2, 2], { sigma: [1, 1, 1], out: new Float32Array(3) })).toThrow(
    /out: expected 8 .* found 3/,
  );
  expect(() => gaussianSmooth(values, [2, 2, 2], { sigma: [1, -1, 1] })).toThrow(/at least 0 \(z, y, x\), found \[1, -1, 1\]/);
  expect(() => gaussianSmooth(values, [2, 2, 2], { sigma: [1, 1, 1], truncate: 0 })).toThrow(/above 0, found 0/);
});
