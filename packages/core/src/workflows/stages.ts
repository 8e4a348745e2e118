/**
 * Every stage that a workflow names: one module that an engine can ship. A stage is a plain function of (row, parameters, context).
 */
export { countBodies, updateIndex } from "./create-segmentation/index-stage.ts";
export { writePyramidCell } from "./create-segmentation/pyramid-stage.ts";
export {
  contractBlock,
  countDistinct,
  dealRoots,
  leaveMatches,
  mappingFingerprint,
  matchesOf,
  meetMatches,
  passUp,
  presentRoots,
  settleBlock,
  toLocalMapping,
  withMapping,
} from "./create-segmentation/resolve-stages.ts";
export { segmentSubvolume, summariseSegmented } from "./create-segmentation/segment-stage.ts";
export { countOverlap, cutFaces, decideFace } from "./create-segmentation/stitch-stages.ts";
export { relabelAndWrite, verifyPreserved, withoutPresent } from "./create-segmentation/write-stage.ts";
export { compareSubvolume, piecesOfRow, withoutFaces } from "./evaluate-segmentation/compare-stage.ts";
export { facesOfRow, joinFace } from "./evaluate-segmentation/faces-stage.ts";
