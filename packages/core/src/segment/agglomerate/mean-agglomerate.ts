/**
 * Agglomeration by the mean membrane probability between two segments.
 *
 * Each 6-neighbour contact of two segments u, v adds p(u) + p(v) to their edge and counts 2. The edge with the smallest mean is
 * merged while its mean is at most `threshold`; edges of the merged segments that lead to the same neighbour add up.
 *
 *      1 ──0.10── 2            1 ──── 0.30 ─── 3      the smaller id survives; ties go to the edge with
 *        ╲       ╱       →          (sums and          the smaller first id, then the smaller second id
 *       0.40  0.25                counts added)
 *          ╲ ╱
 *           3
 *
 * Means are compared exactly, as fractions of integers: p as the watershed's levels, the threshold as its decimal value. The heap is
 * lazy: a changed edge is pushed again and its old entries are skipped. O(n) for the graph, O(c log e) for c changed edges.
 * Reference: J. Nunez-Iglesias et al., "Machine learning of hierarchical clustering to segment 2D and 3D images", PLoS ONE 2013
 * (there with a learned priority).
 */
import { regionGraph } from "@axonloom/kernels";
import { z } from "zod";
import { channelOf, levelsOf } from "../levels.ts";
import type { AgglomerateInput } from "../types.ts";
import { type Edge, EdgeHeap } from "./edge-heap.ts";
import { compareFractions, decimalFraction } from "./fractions.ts";

export const meanAgglomerateParameters = z.strictObject({
  threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("Segments are merged while the mean probability between them is at most this."),
  boundary_channel: z.int().min(0).default(0).describe("Channel of the predictions that holds the membrane probability."),
});

/** The supervoxels, overwritten: each with the smallest id of its group. */
export function meanAgglomerate(input: AgglomerateInput<z.infer<typeof meanAgglomerateParameters>>): Uint32Array {
  const { predictions, supervoxels, shape, parameters } = input;
  const { data, top } = levelsOf(channelOf(predictions, parameters.boundary_channel, "mean_agglomerate"));
  const { u, v, sum, count } = regionGraph(supervoxels, data, shape);
  const edges = Array.from(u, (a, i): Edge => ({ a, b: v[i]!, sum: sum[i]!, count: count[i]!, version: 0 }));
  const survivors = mergeEdges(edges, parameters.threshold, top);
  if (survivors.size > 0) {
    let last = 0;
    let target = 0;
    for (let i = 0; i < supervoxels.length; i++) {
      const label = supervoxels[i]!;
      if (label !== last) {
        last = label;
        target = survivors.get(label) ?? label;
      }
      supervoxels[i] = target;
    }
  }
  return supervoxels;
}

/**
 * Merges while the smallest mean is at most `threshold`. Each pair of ids stands in `edges` once, with a < b.
 * @param top the level of probability 1. @returns merged id -> the id that survives it.
 */
export function mergeEdges(edges: readonly Edge[], threshold: number, top: number): Map<number, number> {
  const limit = decimalFraction(threshold);
  const limitSum = limit.numerator * BigInt(top);
  const neighbours = new Map<number, Map<number, Edge>>();
  const edgesOf = (id: number) => {
    const known = neighbours.get(id);
    if (known !== undefined) return known;
    const fresh = new Map<number, Edge>();
    neighbours.set(id, fresh);
    return fresh;
  };
  const heap = new EdgeHeap();
  for (const edge of edges) {
    edgesOf(edge.a).set(edge.b, edge);
    edgesOf(edge.b).set(edge.a, edge);
    heap.push(edge);
  }
  const parent = new Map<number, number>();
  for (let edge = heap.pop(); edge !== null; edge = heap.pop()) {
    if (compareFractions(edge.sum, edge.count, limitSum, limit.denominator) > 0) break;
    const { a: kept, b: gone } = edge;
    parent.set(gone, kept);
    const ofKept = edgesOf(kept);
    const ofGone = edgesOf(gone);
    ofKept.delete(gone);
    ofGone.delete(kept);
    for (const [other, moved] of ofGone) {
      const ofOther = edgesOf(other);
      ofOther.delete(gone);
      const present = ofKept.get(other);
      const merged = present ?? moved;
      if (present !== undefined) {
        present.sum += moved.sum;
        present.count += moved.count;
        moved.version = -1; // never valid again
      } else {
        moved.a = Math.min(kept, other);
        moved.b = Math.max(kept, other);
        ofKept.set(other, moved);
        ofOther.set(kept, moved);
      }
      merged.version++;
      heap.push(merged);
    }
    neighbours.delete(gone);
  }
  return flatten(parent);
}

/** Points every merged id at the end of its chain. */
function flatten(parent: Map<number, number>): Map<number, number> {
  // a parent is smaller than its child, so in ascending order the parent is final already
  for (const id of [...parent.keys()].sort((a, b) => a - b)) {
    const next = parent.get(id)!;
    parent.set(id, parent.get(next) ?? next);
  }
  return parent;
}
