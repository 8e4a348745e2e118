/** The built-in steps by name, and the names of the original that do not exist here yet. */
import type { z } from "zod";
import { meanAgglomerate, meanAgglomerateParameters } from "./agglomerate/mean-agglomerate.ts";
import {
  checkNeuroproofAgglomerate,
  checkNeuroproofChannels,
  neuroproofAgglomerate,
  neuroproofAgglomerateIdentity,
  neuroproofAgglomerateParameters,
} from "./agglomerate/neuroproof/index.ts";
import { noopAgglomeration, noopAgglomerationParameters } from "./agglomerate/noop-agglomeration.ts";
import { findLargeEmptyRegions, findLargeEmptyRegionsParameters } from "./mask/find-large-empty-regions.ts";
import type { ParameterSchema } from "./parameters.ts";
import {
  ilastikParameters,
  ilastikPredict,
  simpleParameters,
  simplePredict,
  twoStageParameters,
  twoStagePredict,
} from "./predict/ilastik/plugins.ts";
import { naiveMembranePredictions, naiveMembranePredictionsParameters } from "./predict/naive-membrane-predictions.ts";
import {
  checkOnnxPredict,
  onnxPredict,
  onnxPredictIdentity,
  onnxPredictNeeds,
  onnxPredictParameters,
} from "./predict/onnx/onnx-predict.ts";
import {
  checkReadPredictions,
  readPredictions,
  readPredictionsIdentity,
  readPredictionsParameters,
} from "./predict/read-predictions.ts";
import { predictVoxelsWithModel, voxelModelParameters } from "./predict/voxel-classifier/plugin.ts";
import { seededWatershedParameters, seededWatershedSupervoxels } from "./supervoxels/seeded-watershed.ts";
import { wsdtParameters, wsdtSupervoxels } from "./supervoxels/wsdt.ts";
import type {
  AgglomerateInput,
  AgglomeratePlugin,
  MaskInput,
  MaskPlugin,
  PlanGeometry,
  PredictInput,
  PredictPlugin,
  StepName,
  StepNeeds,
  SupervoxelInput,
  SupervoxelPlugin,
} from "./types.ts";

export interface StepPlugins {
  "background-mask": MaskPlugin;
  "predict-voxels": PredictPlugin;
  "create-supervoxels": SupervoxelPlugin;
  "agglomerate-supervoxels": AgglomeratePlugin;
}

interface StepInputs<P> {
  "background-mask": MaskInput<P>;
  "predict-voxels": PredictInput<P>;
  "create-supervoxels": SupervoxelInput<P>;
  "agglomerate-supervoxels": AgglomerateInput<P>;
}

export interface BuiltIn extends ParameterSchema {
  readonly name: string;
  readonly step: StepName;
  readonly run: StepPlugins[StepName];
  /** Bytes per voxel at its peak beside its arguments, the result included. */
  readonly bytesPerVoxel: number;
  /** Parameters that name files: keys on the way to each. */
  readonly files?: readonly (readonly string[])[];
  /** What can be checked of the parameters before a run starts. */
  check?(parameters: Readonly<Record<string, unknown>>, key: string): Promise<void>;
  /** What a run needs that only the files can tell. */
  needs?(parameters: Readonly<Record<string, unknown>>, geometry: PlanGeometry): Promise<StepNeeds>;
  /** Of predict-voxels: channels of its predictions, where that is always the same number. */
  readonly channels?: number;
  /** Of agglomerate-supervoxels: whether predictions of so many channels are what it needs. */
  checkChannels?(parameters: Readonly<Record<string, unknown>>, channels: number, key: string): Promise<void>;
  /** What else than its parameters a result depends on. */
  identity?(parameters: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Ties the function's parameters to the schema. */
function define<S extends StepName, Z extends z.ZodObject>(
  definition: Omit<BuiltIn, "run" | "schema" | "step"> & {
    readonly step: S;
    readonly schema: Z;
    readonly run: (input: StepInputs<z.infer<Z>>[S]) => ReturnType<StepPlugins[S]>;
  },
): BuiltIn {
  return definition as unknown as BuiltIn;
}

const ALL: readonly BuiltIn[] = [
  define({
    name: "find_large_empty_regions",
    step: "background-mask",
    schema: findLargeEmptyRegionsParameters,
    run: findLargeEmptyRegions,
    bytesPerVoxel: 9, // mask 1, components 4, their runs 4
  }),
  define({
    name: "naive_membrane_predictions",
    step: "predict-voxels",
    schema: naiveMembranePredictionsParameters,
    run: naiveMembranePredictions,
    channels: 1,
    bytesPerVoxel: 4, // probability 4
  }),
  define({
    name: "read_predictions",
    step: "predict-voxels",
    schema: readPredictionsParameters,
    run: readPredictions,
    channels: 1,
    check: checkReadPredictions,
    identity: readPredictionsIdentity,
    bytesPerVoxel: 8, // as read 4, probability 4
  }),
  define({
    name: "ilastik_predict_with_array",
    step: "predict-voxels",
    schema: ilastikParameters,
    ...ilastikPredict,
    files: [["ilp_path"]],
    bytesPerVoxel: 24, // four channels 16, features of a block 8; `needs` knows better
  }),
  define({
    name: "two_stage_voxel_predictions",
    step: "predict-voxels",
    schema: twoStageParameters,
    ...twoStagePredict,
    files: [["stage_1_ilp_path"], ["stage_2_ilp_path"]],
    bytesPerVoxel: 32, // six channels 24, and as above
  }),
  define({
    name: "ilastik_simple_predict",
    step: "predict-voxels",
    schema: simpleParameters,
    ...simplePredict,
    files: [["classifier_path"], ["filter_specs_path"]],
    bytesPerVoxel: 24,
  }),
  define({
    name: "predict_voxels_with_model",
    step: "predict-voxels",
    schema: voxelModelParameters,
    ...predictVoxelsWithModel,
    files: [["model"]],
    bytesPerVoxel: 16, // two channels 8, features of a block 8; `needs` knows better
  }),
  define({
    name: "onnx_predict",
    step: "predict-voxels",
    schema: onnxPredictParameters,
    run: onnxPredict,
    files: [["model"]],
    check: checkOnnxPredict,
    identity: onnxPredictIdentity,
    needs: onnxPredictNeeds,
    bytesPerVoxel: 16, // as predicted and as kept, two channels each; `needs` knows better
  }),
  define({
    name: "seeded_watershed",
    step: "create-supervoxels",
    schema: seededWatershedParameters,
    aliases: { minSegmentSize: "min_segment_size" },
    run: seededWatershedSupervoxels,
    bytesPerVoxel: 11, // seeds 1, levels 2, labels 4, queue 4
  }),
  define({
    name: "create_supervoxels_with_wsdt",
    step: "create-supervoxels",
    schema: wsdtParameters,
    run: wsdtSupervoxels,
    bytesPerVoxel: 14, // levels 2, distances 4, scratch and labels 4, queue or membranes 4
  }),
  define({
    name: "noop_agglomeration",
    step: "agglomerate-supervoxels",
    schema: noopAgglomerationParameters,
    run: noopAgglomeration,
    bytesPerVoxel: 0,
  }),
  define({
    name: "mean_agglomerate",
    step: "agglomerate-supervoxels",
    schema: meanAgglomerateParameters,
    run: meanAgglomerate,
    bytesPerVoxel: 4, // levels 2, graph 2
  }),
  define({
    name: "neuroproof_agglomerate",
    step: "agglomerate-supervoxels",
    schema: neuroproofAgglomerateParameters,
    run: neuroproofAgglomerate,
    files: [["classifier", "path"]],
    check: checkNeuroproofAgglomerate,
    checkChannels: checkNeuroproofChannels,
    identity: neuroproofAgglomerateIdentity,
    bytesPerVoxel: 12, // graph (132 bytes a channel, region and edge: supervoxels of 200 voxels on average), or channel 4, levels 2, queue 4
  }),
];

/** By name; the original's misspelling of 2016 too. */
export const BUILT_INS: ReadonlyMap<string, BuiltIn> = new Map([
  ...ALL.map((builtIn) => [builtIn.name, builtIn] as const),
  ["noop_aggolmeration", ALL.find((builtIn) => builtIn.name === "noop_agglomeration")!] as const,
]);

/** Functions of the original that this program does not have yet, and what stands in their place. */
export const NOT_YET: ReadonlyMap<string, string> = new Map([["ilastik_multicut", "mean_agglomerate"]]);
