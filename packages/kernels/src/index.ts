/**
 * 3-D image kernels on plain typed arrays, C order, [z, y, x]. Knows nothing of files.
 */

export { decodeCompressedSegmentation, encodeCompressedSegmentation } from "./compressed-segmentation/index.ts";
export { type Connectivity, connectedComponents } from "./connected-components/index.ts";
export { RandomIntegers } from "./decision-trees/index.ts";
export { distanceTransform } from "./distance-transform/index.ts";
export { downsampleMean, downsampleMode, type ModeOptions } from "./downsample/index.ts";
export {
  checkDvidBlock,
  countDvidBlock,
  decodeDvidBlock,
  decodeDvidBlockInto,
  dvidBlockTable,
  encodeDvidBlock,
  relabelDvidBlock,
} from "./dvid-block/index.ts";
export * from "./errors.ts";
export { edgeFeatures, type FeatureGraph, featureCount, featureGraph, featureNames } from "./feature-graph/index.ts";
export {
  type FlatForest,
  forestProbabilities,
  type PackedForest,
  packFlatForest,
  packForests,
  type TrainedProbabilityForest,
  trainProbabilityForest,
  type VigraForest,
  type VigraTree,
} from "./forest/index.ts";
export { gaussianSmooth } from "./gaussian/index.ts";
export { localMaxima } from "./local-maxima/index.ts";
export { compressLz4Block, decompressLz4Block } from "./lz4/index.ts";
export { countOverlaps, type OverlapTable } from "./overlap/index.ts";
export {
  columnsOf,
  type FeatureEngine,
  PIXEL_FILTERS,
  type PixelFeature,
  type PixelFeaturePlan,
  type PixelFeatureScratch,
  type PixelFeatureSet,
  type PixelFilter,
  type PixelImage,
  pixelFeatureScratch,
  pixelFeatures,
  planPixelFeatures,
  type Region,
} from "./pixel-features/index.ts";
export { type RegionGraph, regionGraph } from "./region-graph/index.ts";
export {
  type AgglomerationOptions,
  agglomerateRegions,
  type Classify,
  EdgeQueue,
  edgeClassifier,
  findMitochondria,
  MergeGraph,
  type Mitochondria,
  relabelRegions,
  removeInclusions,
} from "./region-merging/index.ts";
export { applyTable, type Renumbered, remapLabels, renumber, uniqueLabels } from "./remap/index.ts";
export { decodeRuns, decodeRunsBox, encodeRuns } from "./runs/index.ts";
export * from "./shape.ts";
export {
  countVotes,
  type TrainedForest,
  type TrainOptions,
  trainVoteForest,
  type VoteForest,
  voteClassifier,
} from "./vote-forest/index.ts";
export { seededWatershed } from "./watershed/index.ts";
