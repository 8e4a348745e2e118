/**
 * What an evaluation finds: plain JSON, exact (numbers are not rounded), the same whatever the subvolumes and the engine were, but for
 * the part that tells of subvolumes. Ids are decimal texts, since they may pass 2^53. Coordinates are x, y, z, upper bounds exclusive.
 */

/** x, y, z. */
export type Xyz = readonly [number, number, number];

export interface EvaluationResult {
  readonly format: "axonloom-evaluation";
  readonly version: 1;
  /** Sources; without a segmentation the truth is described on its own (compared with the constant 1). */
  readonly ground_truth: string;
  readonly segmentation: string | null;
  /** The part that was compared. */
  readonly box_xyz: readonly [start: Xyz, stop: Xyz];
  readonly voxel_size_nm_xyz: Xyz;
  /** The options of the configuration, with defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of voxels first, then of each point list. */
  readonly comparisons: readonly Comparison[];
  /** One for each point list of type synapse. */
  readonly connectivity: readonly Connectivity[];
  readonly run_length: RunLength | null;
  /** In the order z, y, x of their boxes; empty where they are disabled. The heat map. */
  readonly subvolumes: readonly SubvolumeResult[];
  /** Bodies in several pieces, whose pieces counted as bodies of their own: the piece's id and the body's. */
  readonly components: { readonly ground_truth: readonly ComponentId[]; readonly segmentation: readonly ComponentId[] };
  readonly warnings: readonly string[];
}

export interface ComponentId {
  readonly id: string;
  readonly of: string;
}

/** Measures of a table n(g, s); sizes are voxels, or points. */
export interface TableMeasures {
  /** H(ground truth | segmentation) in bits: false merges. */
  readonly merge_vi: number;
  /** H(segmentation | ground truth) in bits: false splits. */
  readonly split_vi: number;
  readonly vi: number;
  /** Harmonic mean of the next two. */
  readonly rand: number;
  /** Pairs together in both / pairs together in the segmentation. */
  readonly rand_merge: number;
  /** Pairs together in both / pairs together in the truth. */
  readonly rand_split: number;
  /** 1 - rand. */
  readonly adapted_rand_error: number;
  /** Geometric mean of vi and adapted_rand_error (cremi.org/metrics). */
  readonly cremi_score: number;
  /** What counts: of bodies at or above the threshold, without boundaries. */
  readonly size: number;
  readonly ground_truth_bodies: number;
  readonly segmentation_bodies: number;
}

export interface Comparison {
  /** `voxels:voxels`, or type and name of a point list, as in `synapse:syn`. */
  readonly type: string;
  readonly measures: TableMeasures;
  /** Truth that does not count, since its bodies are below the threshold. */
  readonly left_out: number;
  /** How many of the largest bodies make up so many percent of the size. */
  readonly histogram: readonly { readonly percent: number; readonly ground_truth: number; readonly segmentation: number }[];
  /** Operations until so many percent of the size are right. */
  readonly edits: readonly { readonly percent: number; readonly splits: number; readonly merges: number }[];
  /** The segment with the largest overlap that is more than half of it; null when there is none. */
  readonly best_overlap: { readonly ground_truth: string; readonly segmentation: string; readonly size: number } | null;
  /** Bodies below the threshold that do not touch the edge of the region; null unless asked for. */
  readonly orphans: { readonly ground_truth: number; readonly segmentation: number } | null;
  /** The worst and the largest bodies, at most `num-displaybodies` of each ranking; worst first, by badness. All are in `bodies.csv`. */
  readonly ground_truth: readonly TruthBody[];
  /** The same, by merge_vi. */
  readonly segmentation: readonly SegmentBody[];
}

export interface TruthBody {
  readonly id: string;
  readonly size: number;
  /** Its part of split_vi. */
  readonly split_vi: number;
  /** Its part of merge_vi, from the segments that it lies in. */
  readonly merge_vi: number;
  /** split_vi + merge_vi. */
  readonly badness: number;
  /** Segments that it lies in. */
  readonly pieces: number;
  /** The ten largest. */
  readonly overlaps: readonly BodyOverlap[];
}

export interface SegmentBody {
  readonly id: string;
  readonly size: number;
  /** Its part of merge_vi. */
  readonly merge_vi: number;
  /** Truth bodies in it. */
  readonly pieces: number;
  /** The largest overlap with a body that has it as its best segment; 0 when none has more than half of it. */
  readonly correct: number;
  readonly overlaps: readonly BodyOverlap[];
}

export interface BodyOverlap {
  /** Of the other side. */
  readonly id: string;
  readonly size: number;
  /** A voxel in which both are: the first in the order z, y, x. */
  readonly at_xyz: Xyz;
}

/** Who is connected with whom, in the truth and in the segmentation. */
export interface Connectivity {
  readonly type: string;
  /** One-to-one, with the largest sum of overlaps; "0" on a side for who has no partner. */
  readonly matches: readonly BodyMatch[];
  /** Connections between bodies of the truth with at least `point-threshold` points. */
  readonly connections: number;
  /** Of these, with both ends in the matched segments. */
  readonly matched: number;
  /** matched / connections; 0 without connections. */
  readonly match: number;
  readonly pairs: readonly PairAgreement[];
  /** A row for each connected pair of truth bodies. */
  readonly table: readonly ConnectionRow[];
  /** Connections of a body with itself. */
  readonly autapses: {
    readonly ground_truth: readonly { readonly id: string; readonly connections: number }[];
    readonly segmentation: readonly { readonly id: string; readonly connections: number }[];
  };
}

export interface BodyMatch {
  readonly ground_truth: string;
  readonly segmentation: string;
  readonly overlap: number;
  readonly ground_truth_size: number;
  readonly segmentation_size: number;
}

/** Pairs of bodies with at least `threshold` connections. */
export interface PairAgreement {
  readonly threshold: number;
  readonly ground_truth: number;
  readonly segmentation: number;
  readonly both: number;
  /** both / ground_truth, and both / segmentation; 0 where there are none. */
  readonly recall: number;
  readonly precision: number;
}

export interface ConnectionRow {
  readonly pre: string;
  readonly pre_match: string;
  readonly post: string;
  readonly post_match: string;
  readonly matched: number;
  readonly connections: number;
}

/** Expected run length (Januszewski et al., Nature Methods 15, 2018). */
export interface RunLength {
  /** How far one gets without an error from a random place on a skeleton, in nanometres. */
  readonly expected_nm: number;
  readonly total_nm: number;
  readonly skeletons: number;
  /** Segments that lie in several skeletons. */
  readonly merged_segments: readonly string[];
  readonly worst: readonly { readonly skeleton: string; readonly length_nm: number; readonly expected_nm: number }[];
}

/** A cell of the heat map. Connected pieces inside the subvolume are bodies of their own, and bodies of any size count. */
export interface SubvolumeResult {
  readonly id: number;
  readonly box_xyz: readonly [start: Xyz, stop: Xyz];
  /** Fewer truth than `subvolume-threshold` asks for: not to be shown. */
  readonly ignore: boolean;
  /** By type of comparison. */
  readonly measures: Readonly<Record<string, TableMeasures>>;
}
