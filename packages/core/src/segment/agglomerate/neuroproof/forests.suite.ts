/** Small forests for tests. */
import type { VoteForest } from "@axonloom/kernels";
import { formatOpenCvForest } from "./write-opencv-forest.ts";

/** XML of one tree: different (1) where the feature is above the threshold. */
export function oneTreeXml({ features, feature, threshold }: { features: number; feature: number; threshold: number }): string {
  const forest: VoteForest = {
    features,
    roots: Uint32Array.of(0),
    feature: Int32Array.of(feature, -1, -1),
    threshold: Float32Array.of(threshold, 0, 0),
    left: Uint32Array.of(1, 0, 0),
    right: Uint32Array.of(2, 0, 0),
    vote: Uint8Array.of(0, 0, 1),
    samples: Uint32Array.of(2, 1, 1),
    quality: Float32Array.of(1, 0, 0),
  };
  return formatOpenCvForest(forest, { rows: 2, outOfBagError: 0, maxDepth: 1, minSamples: 1, activeFeatures: 1 });
}
