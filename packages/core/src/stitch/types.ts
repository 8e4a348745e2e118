/** overlap -> evidence -> policy -> matches -> resolve -> relabel. Segment ids here are local to a subvolume (uint32). */

/** The counted overlaps of one face: everything that a policy needs. */
export interface Evidence {
  /** Lower and higher subvolume id. */
  readonly a: number;
  readonly b: number;
  /** Voxels of the face's box (for scaled thresholds and quality measures). */
  readonly voxels: number;
  /** Pairs with at least one common voxel, both non-zero, sorted by (a, b): segment of A, segment of B, voxels. */
  readonly pairA: Uint32Array;
  readonly pairB: Uint32Array;
  /** Integers below 2^53. */
  readonly pairVoxels: Float64Array;
  /** Segments that touch the eligibility plane on their own side, sorted. */
  readonly planeA: Uint32Array;
  readonly planeB: Uint32Array;
}

/** A decision that two segments are one body. */
export interface Match {
  readonly a: number;
  readonly b: number;
}

export const STITCH_ALGORITHMS = ["none", "conservative", "medium", "aggressive", "either"] as const;
export type StitchAlgorithm = (typeof STITCH_ALGORITHMS)[number];

export interface StitchPolicy {
  readonly algorithm: StitchAlgorithm;
  /** A best partner counts only with more voxels than this (original: 50). */
  readonly minimumOverlap: number;
  /** The one-sided rule needs more voxels than this (original: 1000). */
  readonly liberalOverlap: number;
  /** Overlap ratio (original: 0.90). */
  readonly overlapRatio: number;
  /** Only segments on the eligibility plane start a match (original: true). */
  readonly eligibilityPlane: boolean;
}
