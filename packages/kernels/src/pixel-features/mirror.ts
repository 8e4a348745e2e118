/** Where position i of the mirrored line lies in 0 … n-1: -1 is that of 1, n that of n - 2. For -n < i < 2n - 1. */
export function mirrored(i: number, n: number): number {
  if (i < 0) return -i;
  return i < n ? i : 2 * n - 2 - i;
}
