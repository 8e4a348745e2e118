/** Compares names so that runs of digits count as numbers: `s2.png` before `s10.png`. A total order, free of the locale. */
export function compareNatural(a: string, b: string): number {
  const left = a.match(PARTS) ?? [];
  const right = b.match(PARTS) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareParts(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length || compareText(a, b);
}

const PARTS = /\d+|\D+/g;

function compareParts(a: string, b: string): number {
  if (!isDigit(a) || !isDigit(b)) return compareText(a, b);
  const x = a.replace(/^0+/, "");
  const y = b.replace(/^0+/, "");
  return x.length - y.length || compareText(x, y);
}

function isDigit(part: string): boolean {
  return /^\d/.test(part);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
