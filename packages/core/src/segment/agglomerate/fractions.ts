/** Exact comparison of fractions of non-negative integers. */

/**
 * Sign of a/b - c/d. Numbers must be safe integers, denominators positive. Decided in floating point where the error cannot matter,
 * with BigInt elsewhere.
 */
export function compareFractions(a: number, b: number, c: number | bigint, d: number | bigint): number {
  const left = a * Number(d);
  const right = Number(c) * b;
  // each side carries at most three roundings of 2^-53
  if (Math.abs(left - right) > (left + right) * 1e-15) return left < right ? -1 : 1;
  const exactLeft = BigInt(a) * BigInt(d);
  const exactRight = BigInt(c) * BigInt(b);
  return exactLeft < exactRight ? -1 : exactLeft > exactRight ? 1 : 0;
}

/** The decimal value that the number is written with: 0.2 is 2 / 10, not the nearest binary fraction. */
export function decimalFraction(value: number): { numerator: bigint; denominator: bigint } {
  const [mantissa, exponent = "0"] = String(value).split("e");
  const [whole, decimals = ""] = mantissa!.split(".");
  const shift = Number(exponent) - decimals.length;
  const digits = BigInt(whole! + decimals);
  return shift >= 0
    ? { numerator: digits * 10n ** BigInt(shift), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-shift) };
}
