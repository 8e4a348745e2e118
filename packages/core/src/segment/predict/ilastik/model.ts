/** A trained pixel classification, wherever it was read from. */
import { KernelError, type PackedForest, type PixelFeaturePlan, type PixelFeatureSet, planPixelFeatures } from "@axonloom/kernels";
import { AxonloomError, type ErrorCode } from "../../../errors.ts";

export interface PixelModel {
  /** File, for error texts. */
  readonly path: string;
  readonly features: PixelFeaturePlan;
  /** Of the images that it was trained on. */
  readonly channels: number;
  readonly forest: PackedForest;
  /** Channels of the result, and which of them each class of the forest is. */
  readonly outputs: number;
  readonly classChannels: readonly number[];
  /** What a user should know before a run; null = nothing. */
  readonly doubt: string | null;
}

/** How far a model sees, in voxels: along z, and along y and x. */
export const haloOf = (...models: readonly PixelModel[]) => ({
  z: models.reduce((sum, { features }) => sum + features.halo.z, 0),
  xy: models.reduce((sum, { features }) => sum + features.halo.xy, 0),
});

/** The plan of the features; what the kernels refuse becomes `E_SOURCE_UNSUPPORTED`. */
export function planFeatures(set: PixelFeatureSet, path: string): PixelFeaturePlan {
  try {
    return planPixelFeatures(set);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw modelError("E_SOURCE_UNSUPPORTED", path, error.message, error);
  }
}

/** How many channels a forest of so many columns was trained on. `E_SOURCE_DAMAGED` when the features do not come out even. */
export function trainedChannels(columns: number, features: PixelFeaturePlan, path: string): number {
  const channels = columns / features.columns;
  if (Number.isInteger(channels) && channels > 0) return channels;
  const message = `its selected features make ${features.columns} columns a channel, but its forest has ${columns}; save the project again after training`;
  throw modelError("E_SOURCE_DAMAGED", path, message);
}

export function modelError(code: ErrorCode, path: string, details: string, cause?: unknown): AxonloomError {
  return new AxonloomError(code, `${path}: ${details}`, { path }, cause);
}
