/** From local labels to bodies: a dense table per subvolume, so that relabelling is one look-up a voxel. */
import type { LocalMapping } from "./resolve.ts";
import type { SegmentIds } from "./segment-ids.ts";

export interface RelabelOptions extends LocalMapping {
  readonly ids: Pick<SegmentIds, "idOf" | "fillIds">;
  /** Segment index of local id k is offset + k. */
  readonly offset: number;
  /** Number of segments of the subvolume. */
  readonly segments: number;
}

/** The body of each local label 0 … `segments` of a subvolume; 0 stays 0. A body's id is the id of its smallest segment. */
export function relabelTable({ ids, offset, segments, members, roots }: RelabelOptions): BigUint64Array {
  const table = new BigUint64Array(segments + 1);
  table.set(ids.fillIds(offset + 1, segments), 1);
  for (let k = 0; k < members.length; k++) table[members[k]!] = ids.idOf(roots[k]!);
  return table;
}
