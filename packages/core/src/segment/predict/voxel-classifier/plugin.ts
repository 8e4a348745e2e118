/** `predict_voxels_with_model`: probabilities from grey values by a classifier that `axonloom train voxels` made. */
import { z } from "zod";
import { channelParameters } from "../ilastik/channels.ts";
import { keptModel } from "../ilastik/models.ts";
import { contextParameter } from "../ilastik/parameters.ts";
import { pixelClassification } from "../ilastik/plugins.ts";
import { readVoxelClassifier } from "./file.ts";

export const voxelModelParameters = z.strictObject({
  model: z.string().min(1).describe("File that `axonloom train voxels` wrote."),
  ...channelParameters,
  context: contextParameter.default(true),
});

export const predictVoxelsWithModel = pixelClassification<z.infer<typeof voxelModelParameters>>({
  files: ({ model }) => [model],
  models: async ({ model }) => [await keptModel("voxel classifier", [model], () => readVoxelClassifier(model))],
});
