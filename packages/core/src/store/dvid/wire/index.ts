/** The bytes that go between this program and a DVID server; pure functions. */
export { badAnswer } from "./answer.ts";
export { blockKey, blockOfKey } from "./block-key.ts";
export { decodeFrames, encodeFrames, type Frame } from "./frames.ts";
export { unzipBlock, zipBlock } from "./gzip.ts";
export {
  type BlockCounts,
  decodeLabelIndex,
  decodeLabelIndices,
  encodeLabelIndex,
  encodeLabelIndices,
  type LabelIndex,
} from "./label-index.ts";
export { formatLabelJson, type LabelJson, parseLabelJson } from "./label-json.ts";
export { decodeLabelList } from "./label-list.ts";
export { decodeMappings, encodeMappingOps, type MappingOp, type Mappings, parseMappings } from "./mappings.ts";
export { decodeRles, decodeSpans, decodeSparseBlocks, type Spans } from "./sparse-volume.ts";
