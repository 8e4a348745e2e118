/** Where pieces of one body meet across the face of two subvolumes. */
import { countOverlaps, decodeRuns, encodeRuns, renumber } from "@axonloom/kernels";
import type { Keyed } from "../../engine/types.ts";
import type { Pieces } from "../../evaluate/pieces.ts";
import { type Box, intersect, map3, shapeOf, translate } from "../../geometry/box.ts";
import type { Face, Subvolume } from "../../geometry/subvolume.ts";
import { crop } from "../../volume/block.ts";
import { faceKey } from "../create-segmentation/stitch-stages.ts";
import type { ComparedRow, FaceLabels, FaceSide, SidePieces } from "./rows.ts";

interface Compared {
  readonly truth: Pieces;
  readonly segment: Pieces;
  readonly sides: { readonly truth: SidePieces; readonly segmentation: SidePieces };
}

/** @param box of the subvolume inside the bounds. */
export function cutFace(face: Face, subvolume: Subvolume, box: Box, { truth, segment, sides }: Compared): FaceLabels {
  // Face boxes are two layers thick, and a voxel wider than the core boxes.
  const layer = intersect(face.box, box);
  const side = ({ pieces }: Pieces, { ids }: SidePieces): FaceSide => {
    const origin = map3((a) => -box.start[a]);
    const inner = translate(layer, origin);
    const { data } = crop({ data: pieces, shape: shapeOf(box) }, translate(box, origin), inner);
    const { labels, ids: numbers } = renumber(data);
    return {
      runs: encodeRuns(labels, shapeOf(layer)),
      pieces: numbers,
      ids: BigUint64Array.from(numbers, (piece) => ids[Number(piece)]!),
    };
  };
  return { face, subvolume: subvolume.id, truth: side(truth, sides.truth), segmentation: side(segment, sides.segmentation) };
}

/** The faces of a row by key. */
export function facesOfRow(row: ComparedRow): Keyed<FaceLabels>[] {
  return row.faces.map((value) => ({ key: faceKey(value.face), value }));
}

/** Pieces that are one: a of one subvolume, b of the other. */
export interface JoinedPieces {
  readonly a: Uint32Array;
  readonly b: Uint32Array;
}

export interface JoinedFace {
  readonly a: number;
  readonly b: number;
  readonly truth: JoinedPieces;
  readonly segmentation: JoinedPieces;
}

/** Joins pieces of one body that have voxels side by side on both sides of the face. */
export function joinFace(sides: readonly FaceLabels[]): JoinedFace {
  const { face } = sides[0]!;
  const a = sides.find(({ subvolume }) => subvolume === face.a)!;
  const b = sides.find(({ subvolume }) => subvolume === face.b)!;
  return { a: face.a, b: face.b, truth: join(a.truth, b.truth), segmentation: join(a.segmentation, b.segmentation) };
}

function join(a: FaceSide, b: FaceSide): JoinedPieces {
  const pairs = countOverlaps(decodeRuns(a.runs).labels, decodeRuns(b.runs).labels);
  const same = Array.from(pairs.a.keys()).filter((i) => a.ids[pairs.a[i]!] === b.ids[pairs.b[i]!]);
  return {
    a: Uint32Array.from(same, (i) => Number(a.pieces[pairs.a[i]!])),
    b: Uint32Array.from(same, (i) => Number(b.pieces[pairs.b[i]!])),
  };
}
