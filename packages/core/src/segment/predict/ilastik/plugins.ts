/**
 * The original's three plug-ins on pixel classification, run here without ilastik: `ilastik_predict_with_array`,
 * `two_stage_voxel_predictions` and `ilastik_simple_predict`.
 */
import type { z } from "zod";
import { AxonloomError } from "../../../errors.ts";
import { grow, intersect, map3, type Vec3, volumeOf } from "../../../geometry/box.ts";
import { hashOfFile } from "../../module-hash.ts";
import type { PlanGeometry, PredictInput, Predictions, StepNeeds } from "../../types.ts";
import { groupsOf } from "./channels.ts";
import { jobBytes } from "./features.ts";
import { haloOf, type PixelModel } from "./model.ts";
import { keptModel } from "./models.ts";
import { ilastikParameters, type StagesParameters, scratchBytes, simpleParameters, twoStageParameters } from "./parameters.ts";

import { readIlastikProject } from "./project.ts";
import { readSimpleModel, splitClassifier } from "./simple-model.ts";
import { checkThickness, predictSubvolume, SLAB } from "./subvolume.ts";

/** What the plug-ins differ in: the files, and the models that are made from them. */
interface Kind<P extends StagesParameters> {
  files(parameters: P): string[];
  models(parameters: P): Promise<PixelModel[]>;
}

export interface PixelClassification<P> {
  run(input: PredictInput<P>): Promise<Predictions>;
  check(parameters: Readonly<Record<string, unknown>>, key: string): Promise<void>;
  identity(parameters: Readonly<Record<string, unknown>>): Promise<string>;
  needs(parameters: Readonly<Record<string, unknown>>, geometry: PlanGeometry): Promise<StepNeeds>;
}

const project = (path: string, engine: "vigra" | "fastfilters" | null) =>
  keptModel(`project ${engine}`, [path], () => readIlastikProject(path, engine));

export const ilastikPredict = pixelClassification<z.infer<typeof ilastikParameters>>({
  files: ({ ilp_path }) => [ilp_path],
  models: async ({ ilp_path, engine }) => [await project(ilp_path, engine)],
});

export const twoStagePredict = pixelClassification<z.infer<typeof twoStageParameters>>({
  files: ({ stage_1_ilp_path, stage_2_ilp_path }) => [stage_1_ilp_path, stage_2_ilp_path],
  models: async ({ stage_1_ilp_path, stage_2_ilp_path, engine }) => [
    await project(stage_1_ilp_path, engine),
    await project(stage_2_ilp_path, engine),
  ],
});

export const simplePredict = pixelClassification<z.infer<typeof simpleParameters>>({
  files: ({ classifier_path, filter_specs_path }) => [splitClassifier(classifier_path).file, filter_specs_path],
  models: async ({ classifier_path, filter_specs_path }) => {
    const files = [splitClassifier(classifier_path).file, filter_specs_path];
    return [await keptModel(`simple ${classifier_path}`, files, () => readSimpleModel(classifier_path, filter_specs_path))];
  },
});

export { ilastikParameters, simpleParameters, twoStageParameters };

/** A plug-in by one model, or by two stages. */
export function pixelClassification<P extends StagesParameters>(kind: Kind<P>): PixelClassification<P> {
  const modelsOf = async (parameters: P) => {
    const models = await kind.models(parameters);
    checkChannels(models);
    return models;
  };
  const groups = (models: readonly PixelModel[], { selected_channels }: P, key: string) =>
    groupsOf(
      selected_channels,
      models.reduce((sum, { outputs }) => sum + outputs, 0),
      key,
    );
  return {
    async run(input) {
      const models = await modelsOf(input.parameters);
      return await predictSubvolume(input, models, groups(models, input.parameters, "parameters"));
    },
    async check(parameters, key) {
      groups(await modelsOf(parameters as P), parameters as P, key);
    },
    async identity(parameters) {
      return (await Promise.all(kind.files(parameters as P).map(hashOfFile))).join(" ");
    },
    async needs(parameters, geometry) {
      const models = await modelsOf(parameters as P);
      const channels = groups(models, parameters as P, "parameters").length;
      return needsOf(models, channels, parameters as P, geometry);
    },
  };
}

/** The first model sees grey values, the second what the first gives. */
function checkChannels(models: readonly PixelModel[]): void {
  for (const [i, { channels, path }] of models.entries()) {
    const expected = i === 0 ? 1 : models[i - 1]!.outputs;
    if (channels === expected) continue;
    const of = i === 0 ? "1 channel (grey values)" : `${expected} channels (the classes of ${models[i - 1]!.path})`;
    throw new AxonloomError(
      "E_CONFIG_INVALID",
      `${path}: expected a classifier trained on ${of}, found one trained on ${channels}; name another project`,
      { path, expected, found: channels },
    );
  }
}

function needsOf(models: readonly PixelModel[], channels: number, parameters: StagesParameters, geometry: PlanGeometry): StepNeeds {
  const { shape, border, bounds, boxes } = geometry;
  const { z, xy } = haloOf(...models);
  const halo: Vec3 = [z, xy, xy];
  for (const bordered of boxes) {
    const valid = intersect(bordered, bounds);
    checkThickness(models[0]!, parameters.context ? intersect(grow(valid, halo), bounds) : valid);
    for (const { features } of models.slice(1)) {
      const around: Vec3 = [features.halo.z, features.halo.xy, features.halo.xy];
      checkThickness(models[1]!, parameters.context ? intersect(grow(valid, around), bounds) : valid);
    }
  }
  const warnings = models.flatMap(({ doubt }) => doubt ?? []);
  if (halo.some((reach, axis) => reach > border[axis]!)) {
    const reach = z === xy ? `${xy}` : `${xy} (z: ${z})`;
    const found = new Set(border).size === 1 ? `${border[0]}` : `${border[2]}, ${border[1]}, ${border[0]} (x, y, z)`;
    const and = parameters.context
      ? "with context: true it sees them, and each subvolume reads that much more"
      : "without context: true it sees a mirror image instead, so that neighbouring subvolumes differ in their cores";
    warnings.push(`the classifier sees ${reach} voxels around each voxel, more than the border of ${found}: ${and}`);
  }
  const scratch = scratchBytes(parameters, volumeOf(shape));
  const read = parameters.context ? volumeOf(map3((a) => shape[a] + 2 * halo[a])) : volumeOf(shape);
  const [first, second] = models as [PixelModel, PixelModel?];
  let bytes = read + 4 * channels * volumeOf(shape) + jobBytes(first.features, 1, scratch);
  if (second !== undefined) {
    const slab: Vec3 = [
      Math.min(shape[0], SLAB) + 2 * second.features.halo.z,
      shape[1] + 2 * second.features.halo.xy,
      shape[2] + 2 * second.features.halo.xy,
    ];
    bytes += 4 * first.outputs * volumeOf(slab) + jobBytes(second.features, first.outputs, scratch);
  }
  return { bytes, channels, warnings };
}
