/**
 * NeuroProof's generalised probabilistic Rand index of a region graph: how certain the edges are, without ground truth.
 *
 * The affinity a(i, j) is the largest product of edge weights over all paths from i to j. With region sizes n and N = Σ n,
 *
 *   M = Σᵢ C(nᵢ, 2) + Σ_{i<j} nᵢnⱼ (a² + a(1−a)),   U = Σ_{i<j} nᵢnⱼ a(1−a),   E = M² / C(N, 2),   GPR = 100 · ((M−U) − E) / (M − E)
 *
 * Weights below 10⁻⁶ are no edges, and paths below 0.01 end. As in NeuroProof, weights count as affinities, though elsewhere they are
 * probabilities of a boundary. One search a region, O(regions · edges · log regions).
 */
export interface WeightedEdge {
  /** Positions of the regions. */
  readonly u: number;
  readonly v: number;
  readonly weight: number;
}

const LEAST_WEIGHT = 1e-6;
const LEAST_AFFINITY = 0.01;

/** The index in percent. `sizes`: voxels of each region. */
export function probabilisticRand(sizes: ArrayLike<number>, edges: readonly WeightedEdge[]): number {
  const neighbours: { readonly to: number; readonly weight: number }[][] = Array.from(sizes, () => []);
  for (const { u, v, weight } of edges) {
    if (weight < LEAST_WEIGHT) continue;
    neighbours[u]!.push({ to: v, weight });
    neighbours[v]!.push({ to: u, weight });
  }
  let voxels = 0;
  let matched = 0;
  let uncertain = 0;
  for (let i = 0; i < sizes.length; i++) {
    const n = sizes[i]!;
    voxels += n;
    matched += (n * (n - 1)) / 2;
    affinitiesFrom(i, neighbours).forEach((a, j) => {
      if (j <= i) return;
      const pairs = n * sizes[j]!;
      matched += pairs * (a * a + a * (1 - a));
      uncertain += pairs * a * (1 - a);
    });
  }
  const expected = matched ** 2 / ((voxels * (voxels - 1)) / 2);
  return (100 * (matched - uncertain - expected)) / (matched - expected);
}

/** Dijkstra with products; the open regions are few, so the next one is found by looking at all. */
function affinitiesFrom(start: number, neighbours: readonly (readonly { readonly to: number; readonly weight: number }[])[]) {
  const done = new Map<number, number>();
  const open = new Map([[start, 1]]);
  while (open.size > 0) {
    let [at, best] = [-1, -1];
    for (const [region, affinity] of open) if (affinity > best) [at, best] = [region, affinity];
    open.delete(at);
    done.set(at, best);
    for (const { to, weight } of neighbours[at]!) {
      const affinity = best * weight;
      if (affinity >= LEAST_AFFINITY && !done.has(to) && affinity > (open.get(to) ?? 0)) open.set(to, affinity);
    }
  }
  return done;
}
