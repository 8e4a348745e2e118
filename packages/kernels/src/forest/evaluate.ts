/**
 * Evaluation of packed forests: rows in tiles that stay in the cache, tree by tree, so that a tree's nodes stay there too.
 *
 * A forest adds the probabilities of the leaves to float32 sums and divides them by the float32 of their float64 total; forests are
 * weighted by their number of trees, in float32. Same bits as vigra's `predictProbabilities`. O(rows · trees · depth).
 */
import type { PackedForest } from "./pack.ts";

const TILE = 256;

/** `out` must be rows · classes long. */
export function evaluate(forest: PackedForest, features: Float32Array, rows: number, out: Float32Array): void {
  const { columns, classes } = forest;
  const sums = new Float32Array(TILE * classes);
  const totals = new Float64Array(TILE);
  out.fill(0, 0, rows * classes);
  for (let first = 0; first < rows; first += TILE) {
    const count = Math.min(TILE, rows - first);
    evaluateTile(forest, features.subarray(first * columns, (first + count) * columns), count, sums, totals, out, first * classes);
  }
}

function evaluateTile(
  forest: PackedForest,
  features: Float32Array,
  count: number,
  sums: Float32Array,
  totals: Float64Array,
  out: Float32Array,
  outFirst: number,
): void {
  const { columns, classes, roots, sizes, divisors } = forest;
  const { fround } = Math;
  let tree = 0;
  let trees = 0;
  for (let f = 0; f < sizes.length; f++) {
    const size = sizes[f]!;
    const divisor = divisors[f]!;
    sums.fill(0);
    totals.fill(0);
    for (const end = tree + size; tree < end; tree++) {
      if (divisor === 0) addTotals(forest, roots[tree]!, features, count, totals);
      addTree(forest, roots[tree]!, features, count, sums);
    }
    for (let row = 0; row < count; row++) {
      const by = divisor === 0 ? fround(totals[row]!) : divisor;
      for (let c = row * classes; c < (row + 1) * classes; c++) {
        out[outFirst + c] = fround(out[outFirst + c]! + fround(fround(sums[c]! / by) * size));
      }
    }
    trees += size;
  }
  for (let row = 0; row < count; row++) {
    let valid = true;
    for (let c = row * columns; c < (row + 1) * columns; c++) if (Number.isNaN(features[c]!)) valid = false;
    for (let c = outFirst + row * classes; c < outFirst + (row + 1) * classes; c++) out[c] = valid ? out[c]! / trees : 0;
  }
}

function addTree(
  { column, threshold, child, leaves, columns, classes }: PackedForest,
  root: number,
  features: Float32Array,
  count: number,
  sums: Float32Array,
): void {
  const { fround } = Math;
  for (let row = 0; row < count; row++) {
    const at = row * columns;
    let node = root;
    let next = child[node]!;
    while (next >= 0) {
      node = features[at + column[node]!]! < threshold[node]! ? next : next + 1;
      next = child[node]!;
    }
    const leaf = ~next * classes;
    const sum = row * classes;
    for (let c = 0; c < classes; c++) sums[sum + c] = fround(sums[sum + c]! + leaves[leaf + c]!);
  }
}

/** Rare: leaves that do not add up to the same. */
function addTotals(
  { column, threshold, child, exactLeaves, columns, classes }: PackedForest,
  root: number,
  features: Float32Array,
  count: number,
  totals: Float64Array,
): void {
  for (let row = 0; row < count; row++) {
    const at = row * columns;
    let node = root;
    while (child[node]! >= 0) node = child[node]! + (features[at + column[node]!]! < threshold[node]! ? 0 : 1);
    const leaf = ~child[node]! * classes;
    for (let c = 0; c < classes; c++) totals[row]! += exactLeaves[leaf + c]!;
  }
}
