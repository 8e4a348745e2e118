import fc from "fast-check";
import { expect, test } from "vitest";
import { compareFractions, decimalFraction } from "./fractions.ts";

test("equals a comparison in big integers, near ties too", () => {
  const safe = fc.integer({ min: 0, max: 2 ** 46 });
  const positive = fc.integer({ min: 1, max: 2 ** 30 });
  fc.assert(
    fc.property(safe, positive, fc.integer({ min: -2, max: 2 }), fc.integer({ min: 1, max: 1000 }), (a, b, nudge, scale) => {
      // c / d is a / b, scaled and nudged
      const c = Math.max(0, a * 7 + nudge);
      const d = b * 7;
      const exact = BigInt(a) * BigInt(d) - BigInt(c) * BigInt(b);
      expect(compareFractions(a, b, c, d)).toBe(exact < 0n ? -1 : exact > 0n ? 1 : 0);
      expect(compareFractions(a, b, BigInt(c) * BigInt(scale), BigInt(d) * BigInt(scale))).toBe(
        exact < 0n ? -1 : exact > 0n ? 1 : 0,
      );
    }),
  );
});

test("a difference far below double precision is seen", () => {
  expect(compareFractions(2 ** 46 + 1, 2 ** 30, 2 ** 46, 2 ** 30)).toBe(1);
  expect(compareFractions(2 ** 52, 2 ** 52 + 1, 2 ** 52 - 1, 2 ** 52)).toBe(1);
});

test.each([
  [0.2, 2n, 10n],
  [0, 0n, 1n],
  [1, 1n, 1n],
  [0.125, 125n, 1000n],
  [1e-7, 1n, 10n ** 7n],
  [2.5e-9, 25n, 10n ** 10n],
  [1e21, 10n ** 21n, 1n],
])("%d is written as %s / %s", (value, numerator, denominator) => {
  expect(decimalFraction(value)).toEqual({ numerator, denominator });
});
