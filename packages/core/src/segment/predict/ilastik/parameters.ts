/** Parameters of the plug-ins, with the original's names. */
import { z } from "zod";
import { channelParameters } from "./channels.ts";
import { DEFAULT_SCRATCH } from "./features.ts";

const path = (what: string) => z.string().min(1).describe(what);
const engine = z
  .enum(["vigra", "fastfilters"])
  .nullable()
  .default(null)
  .describe("Whose filters. null: those of the ilastik that wrote the project, vigra before 1.2, fastfilters since.");
export const contextParameter = z
  .boolean()
  .describe(
    "Use the grey values beyond the subvolume's border, as far as the classifier sees. Without it the subvolume is mirrored at its faces.",
  );
const common = {
  ...channelParameters,
  context: contextParameter.default(false),
  LAZYFLOW_THREADS: z
    .int()
    .min(0)
    .default(1)
    .describe("Accepted; a subvolume is predicted by one thread, workers run side by side."),
  LAZYFLOW_TOTAL_RAM_MB: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      "Most memory for features at a time, in MiB; the result does not depend on it. null: at most 64, less for small subvolumes.",
    ),
  logfile: z.string().default("/dev/null").describe("Accepted; what there is to say stands in the run's log."),
};
const extra = {
  extra_cmdline_args: z
    .array(z.never("ilastik itself is not run: expected an empty list"))
    .default([])
    .describe("Has to be empty: ilastik itself is not run."),
};

export const ilastikParameters = z.strictObject({
  ilp_path: path("Project file (.ilp) of ilastik's Pixel Classification."),
  engine,
  ...common,
  ...extra,
});
export const twoStageParameters = z.strictObject({
  stage_1_ilp_path: path("Project file that predicts from grey values."),
  stage_2_ilp_path: path("Project file that predicts from all channels of the first; its channels follow those of the first."),
  engine,
  ...common,
  ...extra,
});
export const simpleParameters = z.strictObject({
  classifier_path: path("Random forest of vigra: file.h5/group."),
  filter_specs_path: path('JSON list of the forest\'s features in their order: [["GaussianSmoothing", 1.0], …].'),
  ...common,
});

/** What the plug-ins have in common. */
export interface StagesParameters extends Pick<z.infer<typeof simpleParameters>, keyof typeof channelParameters | "context"> {
  readonly LAZYFLOW_TOTAL_RAM_MB?: number | null;
}

const LEAST_SCRATCH = 16 * 2 ** 20;
const SCRATCH_PER_VOXEL = 6;

/** Bytes for the features of one block, in a subvolume of so many voxels. */
export function scratchBytes({ LAZYFLOW_TOTAL_RAM_MB: limit = null }: StagesParameters, voxels: number): number {
  if (limit !== null) return limit * 2 ** 20;
  return Math.min(DEFAULT_SCRATCH, Math.max(LEAST_SCRATCH, SCRATCH_PER_VOXEL * voxels));
}
