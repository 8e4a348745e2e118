export type { CallOptions } from "./call-options.ts";
export * from "./config/index.ts";
export type { Check } from "./engine/check.ts";
export * from "./engine/index.ts";
export * from "./errors.ts";
export * from "./evaluate/index.ts";
export {
  type BlockRuns,
  type Box,
  box,
  type Face,
  formatBox,
  fromXyz,
  intersect,
  isEmpty,
  map3,
  type PartitionFilter,
  type PartitionMethod,
  type Roi,
  type Subvolume,
  shapeOf,
  toXyz,
  type Vec3,
  volumeOf,
} from "./geometry/index.ts";
export { type KeyValueStore, openKeyValue } from "./keyvalue/index.ts";
export type { Logger } from "./log.ts";
export { type PhantomBlock, type PhantomDamage, type PhantomSpec, phantomBlock } from "./phantom/index.ts";
export * from "./report/index.ts";
export type * from "./run/events.ts";
export { isRunLocked } from "./run/lock.ts";
export { type RunState, type RunStatus, readCertificate, readState, readSummary } from "./run/state.ts";
export { type RunFolderStatus, readRunStatus } from "./run/status.ts";
export {
  type AgglomerateInput,
  type AgglomeratePlugin,
  createSegmentor,
  DefaultSegmentor,
  defaultSteps,
  type Mask,
  type MaskInput,
  type MaskPlugin,
  type PluginContext,
  type PredictInput,
  type PredictionCache,
  type Predictions,
  type PredictPlugin,
  type SegmentInput,
  type Segmentor,
  type SegmentorConfig,
  STEP_NAMES,
  type StepConfig,
  type StepName,
  type SupervoxelInput,
  type SupervoxelPlugin,
  setIsolatedHost,
  type VolumeReference,
} from "./segment/index.ts";
export type { PixelModel } from "./segment/predict/ilastik/model.ts";
export { predictImage } from "./segment/predict/ilastik/predict.ts";
export { readIlastikProject } from "./segment/predict/ilastik/project.ts";
export {
  DEFAULT_POLICY,
  decideMatches,
  type Evidence,
  type Match,
  STITCH_ALGORITHMS,
  type StitchAlgorithm,
  type StitchPolicy,
} from "./stitch/index.ts";
export {
  createVolume,
  type DestinationOptions,
  discardUnpublished,
  type MakeOptions,
  openUnpublished,
  openVolume,
  planWriteGrid,
  publishVolume,
  type SourceOptions,
  type StoreDriver,
  type VolumeInfo,
  type VolumeSpec,
  type VolumeStore,
  volumeExists,
  type WriteGrid,
} from "./store/index.ts";
export { VERSION } from "./version.ts";
export type { Block, Dtype, VoxelArray } from "./volume/block.ts";
export { comparisonReport } from "./workflows/compare-report.ts";
export { type CompareRunsRequest, compareRuns, type RunComparison } from "./workflows/compare-runs.ts";
export * from "./workflows/convert.ts";
export { estimateRun, type RunEstimate } from "./workflows/create-segmentation/estimate.ts";
export * from "./workflows/create-segmentation/index.ts";
export { planRun, planWorkers, type RunPlan, type WorkerOptions } from "./workflows/create-segmentation/plan.ts";
export type { PreservedBodies } from "./workflows/create-segmentation/preserved.ts";
export { type Sample, sampleSubvolume } from "./workflows/create-segmentation/sample.ts";
export { digestVolume, type VolumeDigest } from "./workflows/digest.ts";
export { type ExamineOptions, examine } from "./workflows/doctor.ts";
export * from "./workflows/dvid.ts";
export { type EvaluateRequest, type Evaluation, evaluateVolumes } from "./workflows/evaluate.ts";
export {
  type EvaluationChanges,
  type EvaluationConfig,
  loadEvaluation,
  type ParseEvaluationOptions,
  type PointListConfig,
  parseEvaluation,
} from "./workflows/evaluate-segmentation/config.ts";
export { HEAT_MAP_MEASURES } from "./workflows/evaluate-segmentation/heat-map.ts";
export { type EvaluateSegmentationOptions, evaluateSegmentation } from "./workflows/evaluate-segmentation/index.ts";
export { readEvaluation } from "./workflows/evaluate-segmentation/output.ts";
export { evaluationReferenceMarkdown } from "./workflows/evaluate-segmentation/reference.ts";
export { evaluationJsonSchema } from "./workflows/evaluate-segmentation/schema.ts";
export { experimentScaling, type ScalingRequest, type ScalingResult } from "./workflows/experiments/scaling.ts";
export { scalingReport, table1Report } from "./workflows/experiments/speed-reports.ts";
export { experimentTable1, type Table1Request, type Table1Result } from "./workflows/experiments/table-1.ts";
export {
  type ExperimentOptions,
  experimentTable2,
  type Table2Request,
  type Table2Result,
} from "./workflows/experiments/table-2.ts";
export { table2Report } from "./workflows/experiments/table-2-report.ts";
export { isTestVolumeAvailable, TEST_VOLUMES, type TestVolumeName } from "./workflows/experiments/test-volumes.ts";
export * from "./workflows/info.ts";
export { type PhantomOptions, type PhantomRequest, writePhantom } from "./workflows/phantom.ts";
export { buildPyramid } from "./workflows/pyramid.ts";
export { type RestitchChanges, readRunConfig, restitch } from "./workflows/restitch.ts";
export {
  type TrainAgglomerationRequest,
  type TrainedAgglomeration,
  trainAgglomeration,
} from "./workflows/train-agglomeration.ts";
export {
  DEFAULT_SIGMAS,
  PIXEL_FILTERS,
  type PixelFeature,
  type PixelFilter,
  type TrainedVoxels,
  type TrainVoxelsRequest,
  trainVoxels,
} from "./workflows/train-voxels.ts";
