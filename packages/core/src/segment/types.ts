/**
 * The segmentor and its plug-ins. A plug-in is a function of one argument object with plain typed arrays.
 * All arrays of a subvolume have the shape of its bordered box, C order, [z, y, x].
 */
import type { Box, Vec3 } from "../geometry/box.ts";
import type { Logger } from "../log.ts";
import type { Evidence, Match, StitchPolicy } from "../stitch/types.ts";
import type { Block } from "../volume/block.ts";

/** 1 = segment, 0 = leave out; null = everything is segmented. */
export type Mask = Uint8Array | null;

/** Membrane probability and other channels: zyxc, channel last. Float32Array in [0, 1], or Uint8Array meaning value / 255. */
export interface Predictions {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly [number, number, number, number];
}

/** The volume of grey values, to read more of it. */
export interface VolumeReference {
  /** As `openVolume` takes it. */
  readonly source: string;
  readonly bounds: Box;
}

/** What every plug-in gets beside its arrays. */
export interface PluginContext<P = Readonly<Record<string, unknown>>> {
  readonly subvolume: number;
  /** Where the arrays lie in the volume. */
  readonly bordered: Box;
  readonly core: Box;
  /** Shape of the arrays. */
  readonly shape: Vec3;
  readonly voxelSizeNm: Vec3;
  /** The volume that `bordered` is a part of; absent where there is none but the arrays. */
  readonly volume?: VolumeReference;
  readonly parameters: P;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Inside the volume and the ROI. Outside it, arrays hold padding that means nothing. */
  readonly inside: Mask;
}

export interface MaskInput<P = Readonly<Record<string, unknown>>> extends PluginContext<P> {
  readonly gray: Uint8Array;
}
export interface PredictInput<P = Readonly<Record<string, unknown>>> extends MaskInput<P> {
  readonly mask: Mask;
}
export interface SupervoxelInput<P = Readonly<Record<string, unknown>>> extends PluginContext<P> {
  readonly predictions: Predictions;
  readonly mask: Mask;
}
export interface AgglomerateInput<P = Readonly<Record<string, unknown>>> extends SupervoxelInput<P> {
  readonly gray: Uint8Array;
  readonly supervoxels: Uint32Array;
}

export type MaskPlugin = (input: MaskInput) => Mask | Promise<Mask>;
export type PredictPlugin = (input: PredictInput) => Predictions | Promise<Predictions>;
export type SupervoxelPlugin = (input: SupervoxelInput) => Uint32Array | Promise<Uint32Array>;
export type AgglomeratePlugin = (input: AgglomerateInput) => Uint32Array | Promise<Uint32Array>;

export const STEP_NAMES = ["background-mask", "predict-voxels", "create-supervoxels", "agglomerate-supervoxels"] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** One step as the configuration names it, after defaults. Paths are absolute. */
export interface StepConfig {
  /** Name of a built-in (also the original's dotted name), `/path/plugin.mjs:functionName`, `/path/plugin.py:name`, or Python's `module.name`. */
  readonly function: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly language?: "python" | undefined;
  /** Folders of Python modules. */
  readonly "python-path"?: readonly string[] | undefined;
  /** Interpreter; absent: AXONLOOM_PYTHON of the environment, then `python3`. */
  readonly python?: string | undefined;
  /** Files beside the module and its imports that the result depends on. */
  readonly "depends-on"?: readonly string[] | undefined;
  readonly "use-subprocess": boolean;
  /** Seconds; 0 = no limit. */
  readonly "subprocess-timeout": number;
  /** Bytes of resident memory; 0 = no limit. */
  readonly "subprocess-memory": number;
}

/** What a run will ask of a step. */
export interface PlanGeometry {
  /** Of a bordered box. */
  readonly shape: Vec3;
  readonly border: Vec3;
  /** The volume. */
  readonly bounds: Box;
  /** All bordered boxes. */
  readonly boxes: readonly Box[];
}

/** What only the files that a step's parameters name can tell, such as a classifier's channels. */
export interface StepNeeds {
  /** Bytes for one subvolume at its peak beside the arguments, the result included. */
  readonly bytes: number;
  /** Channels of the predictions. */
  readonly channels: number;
  /** For the user, before the run. */
  readonly warnings: readonly string[];
}

export interface SegmentorConfig {
  /** Name of a built-in segmentor or `/path/segmentor.mjs:ClassName`. */
  readonly class: string;
  readonly configuration: Readonly<Record<StepName, StepConfig>> & Readonly<Record<string, unknown>>;
}

/** What a segmentor gets for one subvolume. */
export interface SegmentInput {
  readonly subvolume: number;
  readonly bordered: Box;
  readonly core: Box;
  readonly voxelSizeNm: Vec3;
  readonly volume?: VolumeReference;
  /** Grey values of the bordered box; 0 outside the volume. */
  readonly gray: Block<Uint8Array>;
  readonly inside: Mask;
  /** 1 where a preserved body lies: no segment may cover it. null = nowhere. */
  readonly preserved: Mask;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Keeps and gives back predictions (`checkpoint: voxel`); null = not kept. */
  readonly predictionCache: PredictionCache | null;
}

export interface PredictionCache {
  load(): Promise<Predictions | null>;
  save(predictions: Predictions): Promise<void>;
}

/** `segment` and `stitch`, replaceable whole (configuration `options.segmentor.class`). */
export interface Segmentor {
  /** Labels of the bordered box: uint32, 1…n in scan order without gaps, 0 = background. */
  segment(input: SegmentInput): Promise<Uint32Array>;
  /** Which segments of the two sides of one face are the same body. */
  stitch(evidence: Evidence, policy: StitchPolicy): Match[];
}
