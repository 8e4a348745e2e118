/** Pairs of voxels, exact above 2^53. */

/** C(n, 2). */
export function pairsOf(n: number): bigint {
  const big = BigInt(n);
  return (big * (big - 1n)) / 2n;
}

/** Σ C(n, 2) over sizes. */
export function sumOfPairs(sizes: Iterable<number>): bigint {
  let sum = 0n;
  for (const size of sizes) sum += pairsOf(size);
  return sum;
}

/** 1 when there is no pair at all: nothing is wrong then. */
export function ratioOfPairs(part: bigint, whole: bigint): number {
  return whole === 0n ? 1 : Number(part) / Number(whole);
}

/** 2 · p · q / (p + q); 0 when both are. */
export function harmonicMean(p: number, q: number): number {
  return p + q === 0 ? 0 : (2 * p * q) / (p + q);
}
