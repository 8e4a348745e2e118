/** What a run says while it works: for progress bars, JSON lines and the log. */
import type { PlainError } from "../errors.ts";

/** Of a segmentation; then of an evaluation. */
export const STAGES = ["segment", "stitch", "write", "pyramid", "index", "verify", "compare", "join", "sum"] as const;
export type StageName = (typeof STAGES)[number];

/** A region that the result lacks, and why. Box corners in x, y, z, half-open. */
export interface Gap {
  readonly subvolume: number;
  readonly core: readonly [readonly number[], readonly number[]];
  /** Voxels inside the volume and the region of interest. */
  readonly voxels: number;
  readonly error: PlainError;
}

/** Voxels expected = written, or the gaps. */
export interface CoverageCertificate {
  readonly complete: boolean;
  /** Voxels inside the volume and the region of interest. */
  readonly "voxels-expected": number;
  readonly "voxels-written": number;
  /** Voxels of the written ones that carry a body's id. */
  readonly "voxels-labelled": number;
  /** null without preserved bodies; else the voxels compared, all of which were as they should be. */
  readonly "voxels-preserved-verified": number | null;
  readonly gaps: readonly Gap[];
}

/** The result of a run. */
export interface RunSummary {
  readonly status: "complete" | "incomplete";
  /** SHA-256 (hex) of the labels as uint64, little endian, in z, y, x order. */
  readonly digest: string;
  readonly bodies: number;
  readonly segments: number;
  readonly matches: number;
  readonly subvolumes: number;
  /** Of these, taken from checkpoints. */
  readonly restored: number;
  /** Of these, computed once more because Spark had lost their labels; only with `checkpoint: none`. */
  readonly "segmented-again": number;
  readonly quarantined: number;
  readonly faces: number;
  readonly voxels: number;
  /** Checkpoint bytes of all subvolumes, and bytes a voxel of the bordered boxes. */
  readonly "checkpoint-bytes": number;
  readonly "checkpoint-bytes-per-voxel": number;
  readonly seconds: number;
  /** Sources, with the version where there are versions. */
  readonly input: string;
  readonly output: string;
  readonly "run-folder": string;
}

export type RunEvent =
  | {
      readonly event: "planned";
      readonly subvolumes: number;
      readonly iterations: number;
      readonly faces: number;
      readonly workers: number;
      readonly "bytes-per-worker": number;
      readonly resumed: boolean;
    }
  | { readonly event: "stage-started"; readonly stage: StageName; readonly total: number }
  | {
      readonly event: "progress";
      readonly stage: StageName;
      readonly done: number;
      readonly total: number;
      /** Voxels done, where the stage counts them. */
      readonly voxels: number;
    }
  | { readonly event: "stage-finished"; readonly stage: StageName; readonly seconds: number }
  | { readonly event: "warning"; readonly message: string }
  | { readonly event: "log"; readonly level: string; readonly task: string; readonly message: string }
  | ({ readonly event: "quarantined" } & Gap)
  | ({ readonly event: "finished" } & RunSummary);

export type RunListener = (event: RunEvent) => void;
