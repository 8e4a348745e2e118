/**
 * Agglomeration by a trained classifier: inclusions, the lazy queue, inclusions, mitochondria.
 *
 *     const graph = featureGraph(supervoxels, predictions, channels, shape);
 *     const survivors = agglomerateRegions(graph, classify, { threshold: 0.2, mitochondria: null });
 *     relabelRegions(supervoxels, graph.ids, survivors.map((region) => graph.ids[region]));
 */
import { KernelError } from "../errors.ts";
import { edgeFeatures, type FeatureGraph, featureCount } from "../feature-graph/index.ts";
import { PairIndex } from "../hash/pair-index.ts";
import { removeInclusions } from "./inclusions.ts";
import { mergeLazily } from "./lazy-merging.ts";
import { MergeGraph } from "./merge-graph.ts";
import { findMitochondria, type Mitochondria, mergeMitochondria } from "./mitochondria.ts";

export { EdgeQueue } from "./edge-queue.ts";
export { removeInclusions } from "./inclusions.ts";
export { MergeGraph } from "./merge-graph.ts";
export { findMitochondria, type Mitochondria } from "./mitochondria.ts";

/** Probability that the two regions of an edge are different, from the edge's features as float32. */
export type Classify = (features: Float32Array) => number;

export interface AgglomerationOptions {
  /** Edges are merged while their probability is at most this; exactly 0 merges inclusions and mitochondria only. */
  threshold: number;
  /** null: no region is a mitochondrion. */
  mitochondria: Mitochondria | null;
}

/**
 * By position of the region: position of the region that it ends in. The graph is used up: its statistics become those of merged regions.
 * A channel that the graph does not have: E_KERNEL_ARGUMENT.
 */
export function agglomerateRegions(
  graph: FeatureGraph,
  classify: Classify,
  { threshold, mitochondria }: AgglomerationOptions,
): Uint32Array {
  if (mitochondria !== null && !(mitochondria.channel < graph.channels)) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `agglomerateRegions: expected a channel of mitochondria below ${graph.channels}, found ${mitochondria.channel}`,
    );
  }
  const isMito = mitochondria === null ? null : findMitochondria(graph, mitochondria);
  const merging = new MergeGraph(graph);
  removeInclusions(merging);
  if (threshold !== 0) {
    const probability = edgeClassifier(graph, classify);
    mergeLazily(merging, {
      key: (edge) => (isMito !== null && (isMito[graph.u[edge]!] || isMito[graph.v[edge]!]) ? Infinity : probability(edge)),
      accepts: (key) => key <= threshold,
      survivor: (u) => u,
    });
  }
  removeInclusions(merging);
  if (isMito !== null) mergeMitochondria(merging, isMito, mitochondria!.ratio);
  return merging.survivors();
}

/** The classifier applied to edges of the graph as it is when called. */
export function edgeClassifier(graph: FeatureGraph, classify: Classify): (edge: number) => number {
  const features = new Float64Array(featureCount(graph.channels));
  const rounded = new Float32Array(features.length);
  return (edge) => {
    rounded.set(edgeFeatures(graph, edge, features));
    return classify(rounded);
  };
}

/** Rewrites labels: the label `ids[k]` becomes `targets[k]`; other labels stay. */
export function relabelRegions(labels: Uint32Array, ids: Uint32Array, targets: Uint32Array): void {
  const positions = new PairIndex();
  for (const id of ids) positions.add(id, 0);
  let last = 0;
  let target = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label !== last) {
      const region = positions.find(label, 0);
      last = label;
      target = region < 0 ? label : targets[region]!;
    }
    labels[i] = target;
  }
}
