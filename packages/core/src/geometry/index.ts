export * from "./box.ts";
export * from "./faces.ts";
export * from "./iterations.ts";
export * from "./partition.ts";
export {
  type BlockRuns,
  boundingBox,
  clipRoi,
  countVoxels,
  intersectsBox,
  maskOf,
  parseRoi,
  ROI_BLOCK,
  type Roi,
  type RoiFingerprint,
  restrictRoi,
  roiFingerprint,
  roiFromBox,
  wholeRoi,
} from "./roi.ts";
export * from "./subvolume.ts";
