/** Probabilities of a region of an image: features block by block, then the forest. */
import { forestProbabilities, type PixelImage } from "@axonloom/kernels";
import type { CallOptions } from "../../../call-options.ts";
import { boxOfShape, volumeOf } from "../../../geometry/box.ts";
import { DEFAULT_SCRATCH, type FeatureJob, visitFeatures } from "./features.ts";
import type { PixelModel } from "./model.ts";

export interface PredictJob extends Omit<FeatureJob, "features"> {
  readonly model: PixelModel;
  /** Gets each voxel inside the mask: its channels, and its index in the target. */
  emit(row: Float32Array, voxel: number): void;
}

export async function predictRegion({ model, emit, ...job }: PredictJob): Promise<void> {
  const { features, forest, outputs, classChannels } = model;
  const { columns, classes } = forest;
  const channels = new Float32Array(outputs);
  let votes = new Float32Array(0);
  await visitFeatures({ ...job, features }, (rows, voxels) => {
    if (votes.length * columns < rows.length * classes) votes = new Float32Array((rows.length / columns) * classes);
    forestProbabilities(forest, rows, { out: votes });
    for (let i = 0; i < voxels.length; i++) {
      for (let k = 0; k < classes; k++) channels[classChannels[k]!] = votes[i * classes + k]!;
      emit(channels, voxels[i]!);
    }
  });
}

/** Probabilities of all channels for a whole image, zyxc. `signal` ends it. */
export async function predictImage(model: PixelModel, image: PixelImage, { signal }: CallOptions = {}): Promise<Float32Array> {
  const { shape } = image;
  const { outputs } = model;
  const data = new Float32Array(volumeOf(shape) * outputs);
  await predictRegion({
    model,
    image,
    region: boxOfShape(shape),
    target: { shape, start: [0, 0, 0], mask: null },
    scratchBytes: DEFAULT_SCRATCH,
    signal: signal ?? new AbortController().signal,
    emit: (row, voxel) => data.set(row, voxel * outputs),
  });
  return data;
}
