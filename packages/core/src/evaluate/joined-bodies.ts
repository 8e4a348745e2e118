/**
 * Merges that only one of two segmentations has: bodies of B that join several bodies of A. A body of A belongs to the body of B that holds
 * more than half of its voxels; where none does it is split rather than merged, and counts nowhere. After stitching the same segments
 * by two policies this is exact, as each segment lies in one body of both.
 *
 * O(pairs log pairs) of the contingency table.
 */
import type { Contingency } from "./contingency-table.ts";

/** Ids are decimal, since they may pass 2^53. */
export interface JoinedBodies {
  /** The body that joins. */
  readonly id: string;
  /** Those that it joins, largest first, with the voxels that they have in it. */
  readonly of: readonly { readonly id: string; readonly voxels: number }[];
  /** Voxels of all but the largest: how much is joined. */
  readonly voxels: number;
}

/** Bodies of the table's segmentation that join several of its truth, the most voxels first. 0 is no body. */
export function joinedBodies({ truthIds, segmentIds, truth, segment, voxels }: Contingency): JoinedBodies[] {
  const sizes = new Float64Array(truthIds.length);
  const counts = (i: number) => truthIds[truth[i]!] !== 0n && segmentIds[segment[i]!] !== 0n;
  for (let i = 0; i < voxels.length; i++) if (counts(i)) sizes[truth[i]!]! += voxels[i]!;
  const members = new Map<number, { id: string; voxels: number }[]>();
  for (let i = 0; i < voxels.length; i++) {
    if (!counts(i) || 2 * voxels[i]! <= sizes[truth[i]!]!) continue;
    const list = members.get(segment[i]!) ?? [];
    list.push({ id: String(truthIds[truth[i]!]!), voxels: voxels[i]! });
    members.set(segment[i]!, list);
  }
  const joined: JoinedBodies[] = [];
  for (const [s, list] of members) {
    if (list.length < 2) continue;
    // Lists are in the order of ids, and sorting is stable.
    const of = list.sort((p, q) => q.voxels - p.voxels);
    joined.push({ id: String(segmentIds[s]!), of, voxels: of.slice(1).reduce((sum, { voxels: n }) => sum + n, 0) });
  }
  return joined.sort((p, q) => q.voxels - p.voxels || (BigInt(p.id) < BigInt(q.id) ? -1 : 1));
}

/** The table with its sides exchanged. */
export function transposed({ truthIds, segmentIds, truth, segment, voxels }: Contingency): Contingency {
  const order = Array.from(voxels.keys()).sort((i, j) => segment[i]! - segment[j]! || truth[i]! - truth[j]!);
  return {
    truthIds: segmentIds,
    segmentIds: truthIds,
    truth: Uint32Array.from(order, (i) => segment[i]!),
    segment: Uint32Array.from(order, (i) => truth[i]!),
    voxels: Float64Array.from(order, (i) => voxels[i]!),
  };
}
