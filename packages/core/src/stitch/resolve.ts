/**
 * Resolves matches into bodies: union-find over the segments that take part in a match, so that memory follows the number of matches and
 * not of segments. The root of a group is always its smallest member; with path halving, O(m log m) for m matches. Beside the input,
 * at most 56 bytes a match are held at once: sorted ends 16, members 16, parents 8, result 16.
 *
 * Reference: R. E. Tarjan and J. van Leeuwen, "Worst-case analysis of set union algorithms", J. ACM 31 (1984).
 */
import { positionOf, sortedUnique } from "./sorted.ts";

/** Matched segments of a run by index (offset of the subvolume + local id, from 1): a[k] and b[k] are the same body. */
export interface IndexPairs {
  readonly a: Float64Array;
  readonly b: Float64Array;
}

/** The resolved matches. Segments that are not members are bodies of their own. */
export interface Mapping {
  /** Indices of the segments that take part in a match, sorted, each once. */
  readonly members: Float64Array;
  /** For each member the smallest index of its body. */
  readonly smallest: Float64Array;
}

/** Groups matched segments. The result depends on the set of pairs only, not on their order or direction. */
export function resolveMatches(pairs: IndexPairs): Mapping {
  if (pairs.a.length !== pairs.b.length) {
    throw new RangeError(`matches: expected as many on both sides, found ${pairs.a.length} and ${pairs.b.length}`);
  }
  const members = sortedUnique(pairs.a, pairs.b);
  const parent = new Int32Array(members.length);
  for (let i = 0; i < parent.length; i++) parent[i] = i;
  const rootOf = (member: number) => {
    let i = member;
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]!]!;
      i = parent[i]!;
    }
    return i;
  };
  for (let k = 0; k < pairs.a.length; k++) {
    const p = rootOf(positionOf(members, pairs.a[k]!));
    const q = rootOf(positionOf(members, pairs.b[k]!));
    if (p < q) parent[q] = p;
    else parent[p] = q;
  }
  const smallest = new Float64Array(members.length);
  for (let i = 0; i < members.length; i++) smallest[i] = members[rootOf(i)]!;
  return { members, smallest };
}

/** What one subvolume needs of a mapping. */
export interface LocalMapping {
  /** Local ids of its matched segments, ascending. */
  readonly members: Uint32Array;
  /** For each of them the smallest segment index of its body. */
  readonly roots: Float64Array;
}

/** The part of a mapping about the `segments` segments after `offset`. O(log members + part). */
export function localMapping(mapping: Mapping, offset: number, segments: number): LocalMapping {
  const from = positionOf(mapping.members, offset + 1);
  const to = positionOf(mapping.members, offset + segments + 1);
  const members = Uint32Array.from(mapping.members.subarray(from, to), (index) => index - offset);
  return { members, roots: mapping.smallest.slice(from, to) };
}
