/** Training of a voxel classifier: a balanced sample of the labelled voxels, their features, a forest. */
import { type FlatForest, type PixelFeaturePlan, type PixelImage, RandomIntegers, trainProbabilityForest } from "@axonloom/kernels";
import { type Box, shapeOf } from "../../../geometry/box.ts";
import { DEFAULT_SCRATCH, visitFeatures } from "../ilastik/features.ts";

export interface VoxelTraining {
  readonly features: PixelFeaturePlan;
  readonly image: PixelImage;
  /** The part that is labelled, in voxels of the image. */
  readonly region: Box;
  /** Of the region: class of each voxel, from 1; 0 = none. Overwritten. */
  readonly kinds: Uint8Array;
  readonly classes: number;
  /** Most voxels of a class. */
  readonly samples: number;
  readonly trees: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface TrainedVoxelForest {
  readonly forest: FlatForest;
  /** By class: voxels that it learned from. */
  readonly samples: readonly number[];
  readonly outOfBagErrors: readonly number[];
  /** By column. */
  readonly importance: Float64Array;
}

/** Every class must have voxels. Equal arguments give equal forests. Beside its arguments: features of the sample, and of one block. */
export async function trainVoxelForest(training: VoxelTraining): Promise<TrainedVoxelForest> {
  const { features, image, region, kinds, classes, trees, seed, signal } = training;
  const samples = sampleClasses(kinds, classes, training.samples, seed);
  const rows = samples.reduce((sum, n) => sum + n, 0);
  const columns = features.columns * image.channels;
  const values = new Float32Array(rows * columns);
  const kindOfRow = new Uint8Array(rows);
  const target = { shape: shapeOf(region), start: [0, 0, 0], mask: kinds } as const;
  let row = 0;
  await visitFeatures({ features, image, region, target, scratchBytes: DEFAULT_SCRATCH, signal }, (found, voxels) => {
    values.set(found, row * columns);
    for (const voxel of voxels) kindOfRow[row++] = kinds[voxel]! - 1;
  });
  const trained = trainProbabilityForest(values, kindOfRow, columns, classes, {
    seed,
    trees,
    afterTree: () => signal.throwIfAborted(),
  });
  return { ...trained, samples, outOfBagErrors: [...trained.outOfBagErrors] };
}

/**
 * Clears all but at most `most` voxels of each class, any of them with the same probability (Knuth, TAOCP 2, 3.4.2, algorithm S).
 * Returns how many are left, by class.
 */
export function sampleClasses(kinds: Uint8Array, classes: number, most: number, seed: number): number[] {
  const left = new Array<number>(classes).fill(0);
  for (const kind of kinds) if (kind > 0) left[kind - 1]!++;
  const samples = left.map((n) => Math.min(n, most));
  const wanted = [...samples];
  const random = new RandomIntegers(seed);
  for (let i = 0; i < kinds.length; i++) {
    const k = kinds[i]! - 1;
    if (k < 0) continue;
    if (random.below(left[k]!--) < wanted[k]!) wanted[k]!--;
    else kinds[i] = 0;
  }
  return samples;
}
