/** What tasks hand on: small beside the labels. */
import type { PieceOverlaps } from "../../evaluate/overlap-sum.ts";
import type { TableMeasures } from "../../evaluate/result.ts";
import type { Box } from "../../geometry/box.ts";
import type { Face } from "../../geometry/subvolume.ts";

/** Pieces of one side, by number; piece 0 is what has no label. */
export interface SidePieces {
  readonly ids: BigUint64Array;
  /** The first voxel of each in the volume, counted in the order z, y, x. */
  readonly first: Float64Array;
  /** 1 where it touches the edge of the region. */
  readonly edge: Uint8Array;
}

/** Where points lie: positions in their list, and pieces. */
export interface PointPieces {
  readonly index: Uint32Array;
  readonly truth: Uint32Array;
  readonly segment: Uint32Array;
}

export interface ComparedRow {
  readonly id: number;
  readonly box: Box;
  readonly truth: SidePieces;
  readonly segmentation: SidePieces;
  readonly overlaps: PieceOverlaps;
  /** Of each point list. */
  readonly points: readonly PointPieces[];
  /** Nodes of skeletons, and the segment at each: of the volume itself, outside the truth too. */
  readonly nodes: { readonly index: Uint32Array; readonly segments: BigUint64Array };
  readonly faces: readonly FaceLabels[];
  readonly ignore: boolean;
  readonly measures: Readonly<Record<string, TableMeasures>>;
}

/** The outermost layer of a subvolume at one face. */
export interface FaceLabels {
  readonly face: Face;
  readonly subvolume: number;
  readonly truth: FaceSide;
  readonly segmentation: FaceSide;
}

/** Labels 0…n of the layer as runs; of each label its piece and its id. */
export interface FaceSide {
  readonly runs: Uint8Array;
  readonly pieces: BigUint64Array;
  readonly ids: BigUint64Array;
}
