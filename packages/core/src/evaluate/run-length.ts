/**
 * Expected run length: how far one gets along a skeleton from a random place without meeting an error. An edge is right when both its
 * nodes lie in the same segment and that segment lies in no other skeleton. With L(k, s) the length of the right edges of skeleton k in
 * segment s, the expectation is Σ L(k, s)² / Σ length(k). Source: M. Januszewski et al., "High-precision automated reconstruction of
 * neurons with flood-filling networks", Nature Methods 15 (2018).
 */
import type { RunLength, Xyz } from "./result.ts";

export interface LabelledSkeleton {
  readonly name: string;
  /** Nanometres. */
  readonly nodes: readonly Xyz[];
  readonly parents: readonly number[];
  /** The segment at each node, 0n for none. */
  readonly segments: BigUint64Array;
}

/** @param most length of the list of the worst skeletons. */
export function expectedRunLength(skeletons: readonly LabelledSkeleton[], most: number): RunLength {
  const owner = new Map<bigint, number>();
  const merged = new Set<bigint>();
  skeletons.forEach(({ segments }, k) => {
    for (const id of segments) {
      if (id === 0n) continue;
      if ((owner.get(id) ?? k) !== k) merged.add(id);
      owner.set(id, k);
    }
  });
  const found = skeletons.map(({ name, nodes, parents, segments }) => {
    let length = 0;
    const runs = new Map<bigint, number>();
    parents.forEach((parent, node) => {
      if (parent < 0) return;
      const edge = distance(nodes[node]!, nodes[parent]!);
      length += edge;
      const id = segments[node]!;
      if (id !== 0n && id === segments[parent] && !merged.has(id)) runs.set(id, (runs.get(id) ?? 0) + edge);
    });
    let squares = 0;
    for (const run of runs.values()) squares += run * run;
    return { skeleton: name, length_nm: length, squares };
  });
  const total_nm = found.reduce((sum, { length_nm }) => sum + length_nm, 0);
  const squares = found.reduce((sum, skeleton) => sum + skeleton.squares, 0);
  const worst = found
    .map(({ skeleton, length_nm, squares: own }) => ({ skeleton, length_nm, expected_nm: length_nm === 0 ? 0 : own / length_nm }))
    .sort((p, q) => q.length_nm - q.expected_nm - (p.length_nm - p.expected_nm) || (p.skeleton < q.skeleton ? -1 : 1))
    .slice(0, most);
  return {
    expected_nm: total_nm === 0 ? 0 : squares / total_nm,
    total_nm,
    skeletons: skeletons.length,
    merged_segments: [...merged].sort((p, q) => (p < q ? -1 : 1)).map(String),
    worst,
  };
}

function distance(p: Xyz, q: Xyz): number {
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}
