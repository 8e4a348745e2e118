/**
 * Names for bodies that are in several pieces. Pieces of all subvolumes are numbered through; joined pieces are one component. A body of
 * one component keeps its id; of a body with several components each gets a new id, from 2^51 on, in the order of the body's id and of the
 * component's first voxel. The names do not depend on the subvolumes. Memory: 56 bytes a piece of a side, beside its list and the resolution of the joins.
 */
import type { ComponentId } from "../../evaluate/result.ts";
import { type IndexPairs, type Mapping, resolveMatches } from "../../stitch/resolve.ts";

/** By subvolume: ids and first voxels of its pieces; piece 0 is what has no label. */
export interface PieceLists {
  readonly ids: readonly BigUint64Array[];
  readonly first: readonly Float64Array[];
}

/** Joined pieces of two subvolumes. */
export interface Join {
  readonly a: number;
  readonly b: number;
  readonly pieces: { readonly a: Uint32Array; readonly b: Uint32Array };
}

export interface NamedPieces {
  /** By subvolume: the name of each piece. */
  readonly names: readonly BigUint64Array[];
  /** New names, and whose they are; ascending. */
  readonly components: readonly ComponentId[];
}

const FIRST_NAME = 2n ** 51n;

export function nameComponents({ ids, first }: PieceLists, joins: readonly Join[]): NamedPieces {
  const offsets = new Float64Array(ids.length);
  let total = 0;
  for (const [k, list] of ids.entries()) {
    offsets[k] = total;
    total += list.length - 1;
  }
  const idOf = new BigUint64Array(total + 1);
  const smallest = new Float64Array(total + 1); // of a component, at its root: the first voxel
  const rootOf = Float64Array.from({ length: total + 1 }, (_, k) => k);
  const { members, smallest: roots } = resolve(joins, offsets);
  members.forEach((member, k) => {
    rootOf[member] = roots[k]!;
  });
  for (const [k, list] of ids.entries()) {
    idOf.set(list.subarray(1), offsets[k]! + 1);
    smallest.set(first[k]!.subarray(1), offsets[k]! + 1);
  }
  const components: number[] = [];
  for (let k = 1; k <= total; k++) {
    const root = rootOf[k]!;
    if (root === k) components.push(k);
    else smallest[root] = Math.min(smallest[root]!, smallest[k]!);
  }
  components.sort((p, q) => (idOf[p]! < idOf[q]! ? -1 : idOf[p]! > idOf[q]! ? 1 : smallest[p]! - smallest[q]!));
  const taken = new Set(components.map((k) => idOf[k]!).filter((id) => id >= FIRST_NAME));
  const nameOf = idOf.slice();
  const renamed: ComponentId[] = [];
  let next = FIRST_NAME;
  for (let from = 0; from < components.length; ) {
    const id = idOf[components[from]!]!;
    let to = from;
    while (to < components.length && idOf[components[to]!] === id) to += 1;
    for (let k = from; to - from > 1 && k < to; k++) {
      while (taken.has(next)) next += 1n;
      nameOf[components[k]!] = next;
      renamed.push({ id: String(next), of: String(id) });
      next += 1n;
    }
    from = to;
  }
  const names = ids.map((list, k) => {
    const own = new BigUint64Array(list.length);
    for (let piece = 1; piece < list.length; piece++) own[piece] = nameOf[rootOf[offsets[k]! + piece]!]!;
    return own;
  });
  return { names, components: renamed };
}

function resolve(joins: readonly Join[], offsets: Float64Array): Mapping {
  const count = joins.reduce((sum, { pieces }) => sum + pieces.a.length, 0);
  const pairs: IndexPairs = { a: new Float64Array(count), b: new Float64Array(count) };
  let at = 0;
  for (const { a, b, pieces } of joins) {
    for (let k = 0; k < pieces.a.length; k++, at++) {
      pairs.a[at] = offsets[a]! + pieces.a[k]!;
      pairs.b[at] = offsets[b]! + pieces.b[k]!;
    }
  }
  return resolveMatches(pairs);
}
