/** A model of BioImage.IO as this program sees it. */

export type Axis = "b" | "c" | "z" | "y" | "x";
export type SpaceAxis = "z" | "y" | "x";

/** One step of pre- or postprocessing; `axes`: those over which statistics are taken, null = all. */
export interface ProcessingStep {
  readonly id: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly axes: readonly string[] | null;
}

/** Sizes that a block may have along an axis: min + n · step; step 0: min only. */
export interface SizeRule {
  readonly min: number;
  readonly step: number;
}

export interface InputTensor {
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly sizes: Readonly<Partial<Record<SpaceAxis, SizeRule>>>;
  /** Physical size of a voxel, as the description counts it. */
  readonly scales?: Readonly<Partial<Record<SpaceAxis, number>>>;
  readonly channels: number;
  readonly dtype: string;
  readonly steps: readonly ProcessingStep[];
}

export interface OutputTensor {
  readonly name: string;
  readonly axes: readonly Axis[];
  /** Voxels that the network cuts off on both sides (`crop`), and that are to be cut off then (`halo`). */
  readonly crop: Readonly<Partial<Record<SpaceAxis, number>>>;
  readonly halo: Readonly<Partial<Record<SpaceAxis, number>>>;
  readonly steps: readonly ProcessingStep[];
}

export interface OnnxModel {
  /** Absolute paths of the description and the weights. */
  readonly path: string;
  readonly weights: string;
  readonly sha256: string | null;
  readonly input: InputTensor;
  readonly outputs: readonly OutputTensor[];
}
