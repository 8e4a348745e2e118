/** The built-in steps by name, and the names of the original that do not exist here yet. */
import type { z } from "zod";
import { meanAgglomerate, meanAgglomerateParameters } from "./agglomerate/mean-agglomerate.ts";
import {
  checkNeuroproofAgglomerate,
  neuroproofAgglomerate,
  neuroproofAgglomerateIdentity,
  neuroproofAgglomerateParameters,
} from "./agglomerate/neuroproof/index.ts";
import { noopAgglomeration, noopAgglomerationParameters } from "./agglomerate/noop-agglomeration.ts";
import { findLargeEmptyRegions, findLargeEmptyRegionsParameters } from "./mask/find-large-empty-regions.ts";
import type { ParameterSchema } from "./parameters.ts";
import { naiveMembranePredictions, naiveMembranePredictionsParameters } from "./predict/naive-membrane-predictions.ts";
import {
  checkReadPredictions,
  readPredictions,
  readPredictionsIdentity,
  readPredictionsParameters,
} from "./predict/read-predictions.ts";
import { seededWatershedParameters, seededWatershedSupervoxels } from "./supervoxels/seeded-watershed.ts";
import { wsdtParameters, wsdtSupervoxels } from "./supervoxels/wsdt.ts";
import type {
  AgglomerateInput,
  AgglomeratePlugin,
  MaskInput,
  MaskPlugin,
  PredictInput,
  PredictPlugin,
  StepName,
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
    bytesPerVoxel: 4, // probability 4
  }),
  define({
    name: "read_predictions",
    step: "predict-voxels",
    schema: readPredictionsParameters,
    run: readPredictions,
    check: checkReadPredictions,
    identity: readPredictionsIdentity,
    bytesPerVoxel: 8, // as read 4, probability 4
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
export const NOT_YET: ReadonlyMap<string, string> = new Map([
  ["ilastik_predict_with_array", "read_predictions, on a membrane map predicted elsewhere"],
  ["ilastik_simple_predict", "read_predictions, on a membrane map predicted elsewhere"],
  ["two_stage_voxel_predictions", "read_predictions, on a membrane map predicted elsewhere"],
  ["ilastik_multicut", "mean_agglomerate"],
]);
