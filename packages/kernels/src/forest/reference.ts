import { nodeAt, ROOT } from "./nodes.ts";
import type { VigraForest, VigraTree } from "./types.ts";

/** Plain version of `forestProbabilities`: walks the trees as they are stored, row by row. */
export function forestProbabilitiesReference(forests: readonly VigraForest[], features: Float32Array): Float32Array {
  const { fround } = Math;
  const { columns, classes } = forests[0]!;
  const rows = features.length / columns;
  const out = new Float32Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    const row = features.subarray(r * columns, (r + 1) * columns);
    if (row.some(Number.isNaN)) continue;
    const result = out.subarray(r * classes, (r + 1) * classes);
    let trees = 0;
    for (const forest of forests) {
      const votes = new Float32Array(classes);
      let total = 0;
      for (const tree of forest.trees) {
        const { probabilities, weight } = leafOf(tree, forest, row);
        for (const [c, p] of probabilities.entries()) {
          const vote = forest.weighted ? p * weight : p;
          votes[c]! += fround(vote);
          total += vote;
        }
      }
      for (const [c, vote] of votes.entries()) result[c]! += fround(fround(vote / fround(total)) * forest.trees.length);
      trees += forest.trees.length;
    }
    for (let c = 0; c < classes; c++) result[c]! /= trees;
  }
  return out;
}

function leafOf(tree: VigraTree, forest: VigraForest, row: Float32Array) {
  for (let at = ROOT; ; ) {
    const node = nodeAt(tree, at, forest, "forestProbabilitiesReference");
    if (node.leaf) return node;
    at = node.children[row[node.column]! < node.threshold ? 0 : 1];
  }
}
