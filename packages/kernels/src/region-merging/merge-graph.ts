/** A feature graph while its regions are merged. Statistics, sizes and edges of the graph are changed in place. */
import type { FeatureGraph } from "../feature-graph/index.ts";
import { addStatistics } from "../feature-graph/statistics.ts";

export class MergeGraph {
  readonly graph: FeatureGraph;
  /** By region: neighbour -> edge. Empty for regions that were merged into another. */
  readonly neighbours: Map<number, number>[];
  /** By region: itself, or the region that it was merged into. */
  private readonly parent: Uint32Array;

  constructor(graph: FeatureGraph) {
    this.graph = graph;
    this.neighbours = Array.from(graph.ids, () => new Map());
    this.parent = Uint32Array.from(graph.ids, (_, k) => k);
    for (let edge = 0; edge < graph.u.length; edge++) {
      this.neighbours[graph.u[edge]!]!.set(graph.v[edge]!, edge);
      this.neighbours[graph.v[edge]!]!.set(graph.u[edge]!, edge);
    }
  }

  isAlive(region: number): boolean {
    return this.parent[region] === region;
  }

  /** False once the edge was contracted or added to a parallel one. */
  hasEdge(edge: number): boolean {
    return this.neighbours[this.graph.u[edge]!]!.get(this.graph.v[edge]!) === edge;
  }

  /** Voxel-neighbour pairs of a region's contacts, and its boundary voxels. */
  borderLength(region: number): number {
    let length = this.graph.boundary[region]!;
    for (const edge of this.neighbours[region]!.values()) length += this.graph.edgeSize[edge]!;
    return length;
  }

  /** Adds `gone` to `kept`: parallel edges are added, other edges of `gone` become edges of `kept`, the edge between them is dropped. */
  merge(kept: number, gone: number): void {
    const { graph, neighbours } = this;
    const { channels } = graph;
    const ofKept = neighbours[kept]!;
    const ofGone = neighbours[gone]!;
    ofKept.delete(gone);
    ofGone.delete(kept);
    for (const [other, moved] of ofGone) {
      const ofOther = neighbours[other]!;
      ofOther.delete(gone);
      const present = ofKept.get(other);
      if (present !== undefined) {
        graph.edgeSize[present]! += graph.edgeSize[moved]!;
        addStatistics(graph.edges, present, moved, channels);
        continue;
      }
      graph.u[moved] = Math.min(kept, other);
      graph.v[moved] = Math.max(kept, other);
      ofKept.set(other, moved);
      ofOther.set(kept, moved);
    }
    neighbours[gone] = new Map();
    graph.size[kept]! += graph.size[gone]!;
    graph.boundary[kept]! += graph.boundary[gone]!;
    addStatistics(graph.regions, kept, gone, channels);
    this.parent[gone] = kept;
  }

  /** By region: the region that it is part of now. */
  survivors(): Uint32Array {
    const { parent } = this;
    const result = new Uint32Array(parent.length);
    for (let region = 0; region < parent.length; region++) {
      let end = region;
      while (parent[end] !== end) end = parent[end]!;
      for (let at = region; parent[at] !== end; ) {
        const next = parent[at]!;
        parent[at] = end;
        at = next;
      }
      result[region] = end;
    }
    return result;
  }
}
