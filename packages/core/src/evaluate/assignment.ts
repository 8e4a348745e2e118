/**
 * One-to-one assignment with the largest sum of weights in a sparse bipartite graph: the Hungarian method by shortest augmenting paths.
 * Each left node also has a partner of its own with weight 0, which stands for "nobody", so that every left node is assigned.
 *
 *   cost c = W − w ≥ 0, prices keep reduced costs c + p(left) − p(right) ≥ 0; Dijkstra from each left node in turn
 *
 * O(left · edges · log edges) at worst; a path stays inside its connected group, so many small groups are fast.
 * References: H. W. Kuhn, Naval Res. Logist. Q. 2 (1955); J. Edmonds, R. M. Karp, J. ACM 19 (1972).
 */

export interface WeightedPair {
  readonly left: number;
  readonly right: number;
  /** Above 0. */
  readonly weight: number;
}

/** For each left node its right one, or -1. Ties are resolved by the order of the pairs: equal lists give equal assignments. */
export function assign(leftCount: number, rightCount: number, pairs: readonly WeightedPair[]): Int32Array {
  const largest = pairs.reduce((most, { weight }) => Math.max(most, weight), 0);
  const edges: { right: number; cost: number }[][] = Array.from({ length: leftCount }, () => []);
  for (const { left, right, weight } of pairs) edges[left]!.push({ right, cost: largest - weight });
  for (const [left, list] of edges.entries()) list.push({ right: rightCount + left, cost: largest });
  const rights = rightCount + leftCount;
  const rightOf = new Int32Array(leftCount).fill(-1);
  const leftOf = new Int32Array(rights).fill(-1);
  const leftPrice = new Float64Array(leftCount);
  const rightPrice = new Float64Array(rights);
  const distance = new Float64Array(rights).fill(Infinity);
  const from = new Int32Array(rights);
  for (let start = 0; start < leftCount; start++) {
    const heap = new Heap();
    const touched: number[] = [];
    const done: number[] = [];
    const relax = (left: number, base: number) => {
      for (const { right, cost } of edges[left]!) {
        const length = base + cost + leftPrice[left]! - rightPrice[right]!;
        if (length >= distance[right]!) continue;
        if (distance[right] === Infinity) touched.push(right);
        distance[right] = length;
        from[right] = left;
        heap.push(length, right);
      }
    };
    relax(start, 0);
    let end = -1;
    while (end < 0) {
      const { length, right } = heap.pop();
      if (length > distance[right]!) continue; // a shorter way was found since
      done.push(right);
      if (leftOf[right] === -1) end = right;
      else relax(leftOf[right]!, length);
    }
    const reach = distance[end]!;
    leftPrice[start]! -= reach;
    for (const right of done) {
      if (right === end) continue;
      leftPrice[leftOf[right]!]! -= reach - distance[right]!;
      rightPrice[right]! -= reach - distance[right]!;
    }
    for (let right = end; ; ) {
      const left = from[right]!;
      const next = rightOf[left]!;
      rightOf[left] = right;
      leftOf[right] = left;
      if (left === start) break;
      right = next;
    }
    for (const right of touched) distance[right] = Infinity;
  }
  return rightOf.map((right) => (right < rightCount ? right : -1));
}

/** A binary heap of (length, right). Of equal lengths the larger right node comes first, so that who has a partner keeps it. */
class Heap {
  readonly #items: { length: number; right: number }[] = [];

  push(length: number, right: number): void {
    const items = this.#items;
    items.push({ length, right });
    for (let i = items.length - 1; i > 0; ) {
      const above = (i - 1) >> 1;
      if (!before(items[i]!, items[above]!)) break;
      [items[i], items[above]] = [items[above]!, items[i]!];
      i = above;
    }
  }

  /** The least item of a heap that is not empty. */
  pop(): { length: number; right: number } {
    const items = this.#items;
    const top = items[0]!;
    const last = items.pop()!;
    if (items.length > 0) {
      items[0] = last;
      for (let i = 0; ; ) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < items.length && before(items[child]!, items[least]!)) least = child;
        }
        if (least === i) break;
        [items[i], items[least]] = [items[least]!, items[i]!];
        i = least;
      }
    }
    return top;
  }
}

function before(p: { length: number; right: number }, q: { length: number; right: number }): boolean {
  return p.length < q.length || (p.length === q.length && p.right > q.right);
}
