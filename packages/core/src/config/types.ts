/** The configuration as code reads it: complete, checked, paths absolute, lengths in z, y, x. */
import type { Box, PartitionFilter, PartitionMethod, Vec3 } from "../geometry/index.ts";
import type { SegmentorConfig } from "../segment/types.ts";
import type { StitchPolicy } from "../stitch/types.ts";

export const CHECKPOINT_LEVELS = ["none", "voxel", "segmentation"] as const;
export type CheckpointLevel = (typeof CHECKPOINT_LEVELS)[number];

export interface Config {
  readonly input: InputConfig;
  readonly output: OutputConfig;
  readonly roi: RoiConfig;
  readonly partitionMethod: PartitionMethod;
  readonly partitionFilter: PartitionFilter;
  /** Core box in voxels. */
  readonly chunk: Vec3;
  readonly border: Vec3;
  readonly segmentor: SegmentorConfig;
  /** null = nothing is preserved. */
  readonly preserveBodies: PreserveBodiesConfig | null;
  readonly stitch: StitchPolicy;
  readonly labelOffset: bigint;
  /** Subvolumes an iteration; 0 = all. */
  readonly iterationSize: number;
  readonly checkpoint: CheckpointLevel;
  /** Absolute path. */
  readonly runFolder: string;
  readonly coresPerTask: number;
  /** A destination that holds something is replaced when the result is complete (`mutateseg: yes`). */
  readonly replaceOutput: boolean;
  /** A destination with versions must not have been written in any of them (`mutateseg: no`). */
  readonly newOutput: boolean;
  /** Simultaneous writes; 0 = no limit. */
  readonly parallelWrites: number;
  readonly debug: boolean;
  /** The same in the paper's form, with defaults and absolute paths: plain JSON that `parseConfig` reads again to an equal Config. */
  readonly resolved: Readonly<Record<string, unknown>>;
}

export interface InputConfig {
  readonly source: string;
  /** null = that of the source. */
  readonly voxelSizeNm: Vec3 | null;
}

export interface OutputConfig {
  readonly destination: string;
  /** null = the driver's default, here and below. */
  readonly encoding: "compressed_segmentation" | "raw" | null;
  readonly gzip: boolean | null;
  readonly chunk: Vec3 | null;
}

export type RoiConfig =
  | { readonly kind: "whole" }
  | { readonly kind: "box"; readonly box: Box }
  | { readonly kind: "file"; readonly path: string; readonly blockSize: number }
  /** `dvid://…` of an ROI instance. */
  | { readonly kind: "dvid"; readonly source: string };

export interface PreserveBodiesConfig {
  readonly source: string;
  /** Sorted, unique, 1 … 2^64 - 1, at least one; or `<keyvalue instance>/<key>` of the source's DVID server. */
  readonly bodies: readonly bigint[] | { readonly from: string };
}
