/**
 * Resolves matches where no one place could hold all of them: hierarchical contraction. Subvolumes lie in blocks of 2 × 2 × 2, these in
 * blocks of 4 × 4 × 4, and so on up to one block of all. A match is decided in the smallest block that holds both of its segments, its
 * level:
 *
 *      1 ══ 2 │ 3 ══ 4       level 1   1═2 and 3═4 are grouped; 2 and 3 have a match that leaves
 *           ╚═╪═╝            level 2   gets 2═3 and the link 2–1: 1, 2 and 3 are one group
 *                            down      3 is 1; so 4, whose smallest was 3, is 1, too
 *
 * Upwards each super-block groups what it is given (union-find) and keeps its mapping; the next one gets, for each segment with a match
 * further out, the link to the smallest of its group: enough, as groups meet nowhere else. Downwards each learns what became of its
 * segments. The result is that of `resolveMatches` on all matches at once, because the smallest of a group goes up with every link.
 *
 * Every step is O(m log m) for the m pairs and segments that it is given. A segment goes up as far as its outermost match: in a cube of n³
 * subvolumes half of the matches meet at level 1, a quarter at level 2, and so on; the last super-block gets one in n.
 */
import { type IndexPairs, type Mapping, resolveMatches } from "./resolve.ts";
import { concat, positionOf, sortedUnique } from "./sorted.ts";

/** What a super-block is given: matches and links (pairs of segment indices) of its level. */
export interface Share extends IndexPairs {
  /** Segments with matches of a higher level, and the highest of these levels. */
  readonly leaving: Float64Array;
  readonly until: Uint8Array;
  /** Matches of the run that stand behind it. */
  readonly matches: number;
}

export interface Contracted {
  /** Of what has met so far. */
  readonly mapping: Mapping;
  /** What the next larger one needs to know. */
  readonly up: Share;
}

/** Groups what a super-block of this level (from 1) was given. */
export function contract(shares: readonly Share[], level: number): Contracted {
  const mapping = resolveMatches({ a: concat(shares.map(({ a }) => a)), b: concat(shares.map(({ b }) => b)) });
  const leaving = sortedUnique(...shares.map((share) => share.leaving));
  const until = new Uint8Array(leaving.length);
  for (const share of shares) {
    for (let i = 0; i < share.leaving.length; i++) {
      const at = positionOf(leaving, share.leaving[i]!);
      until[at] = Math.max(until[at]!, share.until[i]!);
    }
  }
  const [a, b] = [new Float64Array(leaving.length), new Float64Array(leaving.length)];
  let links = 0;
  let further = 0;
  for (let i = 0; i < leaving.length; i++) {
    const segment = leaving[i]!;
    const smallest = smallestOf(mapping, segment);
    if (smallest !== segment) {
      a[links] = segment;
      b[links] = smallest;
      links += 1;
    }
    if (until[i]! > level + 1) {
      leaving[further] = segment;
      until[further] = until[i]!;
      further += 1;
    }
  }
  const up = {
    a: a.slice(0, links),
    b: b.slice(0, links),
    leaving: leaving.slice(0, further),
    until: until.slice(0, further),
    matches: shares.reduce((sum, { matches }) => sum + matches, 0),
  };
  return { mapping, up };
}

/** A super-block's final mapping, from its own and from what was found for it further up. */
export function settle(own: Mapping, above: Mapping): Mapping {
  const members = sortedUnique(own.members, above.members);
  const smallest = members.map((segment) => smallestOf(above, smallestOf(own, segment)));
  return { members, smallest };
}

/** Cuts a mapping by the subvolumes of its members: a part for each key. `offsets`: index just before the first segment of each. */
export function splitMapping(
  { members, smallest }: Mapping,
  offsets: Float64Array,
  keyOf: (subvolume: number) => string,
): Map<string, Mapping> {
  const pieces = new Map<string, { readonly members: Float64Array[]; readonly smallest: Float64Array[] }>();
  for (let from = 0; from < members.length; ) {
    const subvolume = subvolumeOf(offsets, members[from]!);
    const to = subvolume + 1 < offsets.length ? positionOf(members, offsets[subvolume + 1]! + 1) : members.length;
    const key = keyOf(subvolume);
    const piece = pieces.get(key) ?? { members: [], smallest: [] };
    pieces.set(key, piece);
    piece.members.push(members.subarray(from, to));
    piece.smallest.push(smallest.subarray(from, to));
    from = to;
  }
  return new Map([...pieces].map(([key, piece]) => [key, { members: concat(piece.members), smallest: concat(piece.smallest) }]));
}

/** The subvolume of a segment index. O(log subvolumes). */
export function subvolumeOf(offsets: Float64Array, index: number): number {
  return positionOf(offsets, index) - 1;
}

/** A segment that is no member is its own. */
function smallestOf({ members, smallest }: Mapping, segment: number): number {
  const i = positionOf(members, segment);
  return members[i] === segment ? smallest[i]! : segment;
}
