/** An indexed binary heap of edges: the smallest key first, then the smaller first region, then the smaller second one. */
import type { FeatureGraph } from "../feature-graph/index.ts";

export class EdgeQueue {
  readonly #graph: Pick<FeatureGraph, "u" | "v">;
  readonly #key: Float64Array;
  /** Place of each edge in the heap, -1 = not there. */
  readonly #place: Int32Array;
  readonly #heap: number[] = [];

  /** The regions of an edge must not change while it is in the queue: take it out first. */
  constructor(graph: Pick<FeatureGraph, "u" | "v">) {
    this.#graph = graph;
    this.#key = new Float64Array(graph.u.length);
    this.#place = new Int32Array(graph.u.length).fill(-1);
  }

  get size(): number {
    return this.#heap.length;
  }

  has(edge: number): boolean {
    return this.#place[edge]! >= 0;
  }

  /** The key that the edge has, or had when it was popped. */
  keyOf(edge: number): number {
    return this.#key[edge]!;
  }

  /** Puts the edge in, or gives it another key. */
  set(edge: number, key: number): void {
    this.#key[edge] = key;
    let at = this.#place[edge]!;
    if (at < 0) {
      at = this.#heap.length;
      this.#heap.push(edge);
    }
    this.#down(this.#up(at, edge), edge);
  }

  delete(edge: number): void {
    const at = this.#place[edge]!;
    if (at < 0) return;
    this.#place[edge] = -1;
    const last = this.#heap.pop()!;
    if (last !== edge) this.#down(this.#up(at, last), last);
  }

  /** The first edge, or -1. */
  pop(): number {
    const first = this.#heap[0];
    if (first === undefined) return -1;
    this.delete(first);
    return first;
  }

  #up(start: number, edge: number): number {
    const heap = this.#heap;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(edge, heap[parent]!)) break;
      this.#put(heap[parent]!, at);
      at = parent;
    }
    this.#put(edge, at);
    return at;
  }

  #down(start: number, edge: number): void {
    const heap = this.#heap;
    let at = start;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, edge)) break;
      this.#put(heap[child]!, at);
      at = child;
    }
    this.#put(edge, at);
  }

  #put(edge: number, at: number): void {
    this.#heap[at] = edge;
    this.#place[edge] = at;
  }

  #before(a: number, b: number): boolean {
    const { u, v } = this.#graph;
    return this.#key[a]! - this.#key[b]! < 0 || (this.#key[a] === this.#key[b] && (u[a]! - u[b]! || v[a]! - v[b]!) < 0);
  }
}
