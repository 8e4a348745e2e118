/**
 * The connected pieces of labels in one subvolume. Every piece is a body of its own there; whose piece it is tells `labelOf`. Pieces are
 * numbered 1…n in the order of their first voxels; 0 stays 0.
 */
import { connectedComponents } from "@axonloom/kernels";
import type { Vec3 } from "../geometry/box.ts";

export interface Pieces {
  readonly pieces: Uint32Array;
  /** Of each piece, 0 for piece 0: its label, and its first voxel in the block. */
  readonly labelOf: Uint32Array;
  readonly firstOf: Float64Array;
}

/** Pieces over 6 neighbours of a block [z, y, x]. */
export function piecesOf(labels: Uint32Array, shape: Vec3): Pieces {
  const { labels: pieces, count } = connectedComponents(labels, shape);
  const labelOf = new Uint32Array(count + 1);
  const firstOf = new Float64Array(count + 1);
  let known = 0;
  for (let i = 0; i < pieces.length && known < count; i++) {
    const piece = pieces[i]!;
    if (piece <= known) continue;
    known = piece;
    labelOf[piece] = labels[i]!;
    firstOf[piece] = i;
  }
  return { pieces, labelOf, firstOf };
}

/** By piece: 1 where it has a voxel in a place that `isEdge` (1 or 0, of the block's shape) marks. */
export function piecesAt(pieces: Uint32Array, count: number, isEdge: Uint8Array): Uint8Array {
  const found = new Uint8Array(count);
  for (let i = 0; i < pieces.length; i++) if (isEdge[i] === 1) found[pieces[i]!] = 1;
  return found;
}
