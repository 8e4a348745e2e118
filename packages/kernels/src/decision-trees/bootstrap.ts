/** What all random forests have in common: trees on bootstrap samples, judged by the rows that they did not see. */
import { type GrownNodes, type GrowOptions, growTree } from "./grow.ts";
import { RandomIntegers } from "./random.ts";
import type { Table } from "./table.ts";

export interface GrownForest {
  nodes: GrownNodes;
  /** First node of each tree. */
  roots: Uint32Array;
  /** By feature: what its splits gain (Gini), summing to 1. */
  importance: Float64Array;
}

/** Each tree sees as many rows as there are, drawn with replacement. `judge(row, leaf)` for each row that a tree has not seen. */
export function growForest(
  table: Table,
  trees: number,
  seed: number,
  options: GrowOptions,
  judge: (row: number, leaf: number, nodes: GrownNodes) => void,
  afterTree: () => void = () => {},
): GrownForest {
  const { rows, features, values } = table;
  const random = new RandomIntegers(seed);
  const nodes: GrownNodes = { feature: [], threshold: [], left: [], right: [], vote: [], shares: [], samples: [], quality: [] };
  const importance = new Float64Array(features);
  const roots = new Uint32Array(trees);
  for (let tree = 0; tree < trees; tree++) {
    const drawn = new Uint32Array(rows);
    for (let k = 0; k < rows; k++) drawn[random.below(rows)]!++;
    const root = growTree(table, drawn, options, random, nodes, importance);
    roots[tree] = root;
    for (let row = 0; row < rows; row++) {
      if (drawn[row] !== 0) continue;
      let node = root;
      for (let f = nodes.feature[node]!; f >= 0; f = nodes.feature[node]!) {
        node = values[row * features + f]! <= nodes.threshold[node]! ? nodes.left[node]! : nodes.right[node]!;
      }
      judge(row, node, nodes);
    }
    afterTree();
  }
  const gain = importance.reduce((sum, g) => sum + g, 0);
  return { nodes, roots, importance: gain > 0 ? importance.map((g) => g / gain) : importance };
}
