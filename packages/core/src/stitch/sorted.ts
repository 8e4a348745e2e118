/** Sorted lists of segment indices. */

export function concat(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** The numbers of all lists, ascending, each once. */
export function sortedUnique(...lists: readonly Float64Array[]): Float64Array {
  const all = concat(lists).sort();
  let unique = 0;
  for (let i = 0; i < all.length; i++) if (i === 0 || all[i] !== all[i - 1]) all[unique++] = all[i]!;
  return unique === all.length ? all : all.slice(0, unique);
}

/** Position of the first of a sorted list that is not below `index`. */
export function positionOf(sorted: Float64Array, index: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
