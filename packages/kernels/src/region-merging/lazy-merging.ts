/**
 * The lazy priority queue of NeuroProof: edges are merged by ascending key, but keys are brought up to date late, in rounds.
 *
 *     round   queue = edges with an acceptable key; pop the smallest
 *               its key is old (a region of it grew): compute it; larger by more than 1e-5 -> back into the queue, or out of it
 *               else: merge. All edges of the merged region are old now; those that it got from the other one leave the queue
 *     next    when the queue is empty: compute all old keys, queue what is acceptable; none: done
 *
 * Equal keys: the smaller first region, then the smaller second one. Edges that are not at the merged region keep their key, since features
 * depend on an edge and its two regions alone. Each merge makes as many keys old as the merged region has edges.
 * Reference: T. Parag et al., "A context-aware delayed agglomeration framework for electron microscopy segmentation", PLoS ONE 2015.
 */
import { EdgeQueue } from "./edge-queue.ts";
import type { MergeGraph } from "./merge-graph.ts";

const TOLERANCE = 1e-5;

export interface LazyRule {
  /** Of an edge, from the graph as it is now; Infinity = never. */
  key(edge: number): number;
  accepts(key: number): boolean;
  /** Which of the regions u < v keeps its id. */
  survivor(u: number, v: number): number;
}

/** Merges as long as there are acceptable edges; the number of merges. */
export function mergeLazily(merging: MergeGraph, { key, accepts, survivor }: LazyRule): number {
  const { graph, neighbours } = merging;
  const queue = new EdgeQueue(graph);
  let old = new Set<number>();
  for (let edge = 0; edge < graph.u.length; edge++) if (merging.hasEdge(edge)) old.add(edge);
  for (let merges = 0; ; ) {
    const edge = queue.pop();
    if (edge < 0) {
      const round = old;
      old = new Set();
      for (const changed of round) {
        if (!merging.hasEdge(changed)) continue;
        const k = key(changed);
        if (accepts(k)) queue.set(changed, k);
      }
      if (queue.size === 0) return merges;
      continue;
    }
    if (old.delete(edge)) {
      const k = key(edge);
      if (k > queue.keyOf(edge) + TOLERANCE) {
        if (accepts(k)) queue.set(edge, k);
        continue;
      }
    }
    const [u, v] = [graph.u[edge]!, graph.v[edge]!];
    const kept = survivor(u, v);
    const gone = kept === u ? v : u;
    for (const moved of neighbours[gone]!.values()) queue.delete(moved);
    merging.merge(kept, gone);
    merges++;
    for (const changed of neighbours[kept]!.values()) old.add(changed);
  }
}
