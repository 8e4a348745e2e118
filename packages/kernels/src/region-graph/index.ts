/**
 * Region adjacency graph of a label volume with the mean level of every contact.
 *
 * Idea: every voxel is compared with its neighbours at x - 1, y - 1 and z - 1, so that each of the 6-neighbour contacts is seen
 * once; most are equal. Contacts of one pair come in rows and patches, so each direction keeps its last pair and adds to
 * two locals; only a change of pair costs a hash access. O(voxels + changes + edges · log edges).
 *
 *          z-1   y-1
 *            \   |
 *             \  |        each contact of two different non-zero labels p | q adds
 *      x-1 ---- voxel     level(p) + level(q) to `sum` and 2 to `count`
 *
 *     const { u, v, sum, count } = regionGraph(supervoxels, membrane, shape);   // mean of edge i: sum[i] / count[i]
 */
import { checkLength } from "../errors.ts";
import { PairTable } from "../hash/pair-table.ts";
import type { Shape3 } from "../shape.ts";
import { scan } from "./scan.ts";

/** Edges u < v, sorted by (u, v). `sum` and `count` are integers. */
export interface RegionGraph {
  u: Uint32Array;
  v: Uint32Array;
  sum: Float64Array;
  count: Float64Array;
}

/** Contacts of different non-zero labels over 6 neighbours, with the levels on both sides of the contact. Wrong lengths: E_KERNEL_ARGUMENT. */
export function regionGraph(labels: Uint32Array, levels: Uint8Array | Uint16Array, shape: Shape3): RegionGraph {
  checkLength("regionGraph labels", labels.length, shape);
  checkLength("regionGraph levels", levels.length, shape);
  const table = new PairTable();
  scan(labels, levels, shape, table);
  const { a, b, sum, count } = table.sorted();
  return { u: a, v: b, sum, count };
}
