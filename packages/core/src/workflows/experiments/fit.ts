/** y = c · x^exponent by least squares of the logarithms; x and y above 0, at least two different x. */
export function fitPower(points: readonly { readonly x: number; readonly y: number }[]): {
  readonly exponent: number;
  readonly factor: number;
} {
  const n = points.length;
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)] as const);
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / n;
  let xy = 0;
  let xx = 0;
  for (const [x, y] of logs) {
    xy += (x - meanX) * (y - meanY);
    xx += (x - meanX) ** 2;
  }
  const exponent = xy / xx;
  return { exponent, factor: Math.exp(meanY - exponent * meanX) };
}
