/**
 * The configuration as people write it: the paper's keys with their meaning, types and defaults. Defaults are injected first, then
 * everything is checked. The reference page, the commented defaults and the JSON Schema are made from here.
 */
import { z } from "zod";
import { STITCH_ALGORITHMS } from "../stitch/types.ts";
import {
  clusterOptions,
  dvidInfoSchema,
  inputSchema,
  outputSchema,
  partitionFilter,
  partitionMethod,
  roiSchema,
} from "./schema-data.ts";
import { count, edge, positive, uint64 } from "./schema-fields.ts";
import { segmentorSchema } from "./schema-segmentor.ts";
import { CHECKPOINT_LEVELS } from "./types.ts";

export const optionsSchema = z
  .strictObject({
    segmentor: segmentorSchema,
    "chunk-size": edge(z.int().min(32).multipleOf(32), "a multiple of 32")
      .default(512)
      .describe("Size of a core box in voxels, a number or [x, y, z]; multiples of 32."),
    border: edge(count, "a whole number of voxels, 0 or more")
      .default(20)
      .describe(
        "Voxels added around a core box on each side, a number or [x, y, z]. Neighbours overlap by twice that; where it is 0 nothing is stitched.",
      ),
    "partition-method": partitionMethod.default("grid-aligned"),
    "partition-filter": partitionFilter.default("all"),
    "stitch-algorithm": z
      .enum(STITCH_ALGORITHMS)
      .default("medium")
      .describe(
        "Which segments of neighbouring subvolumes become one body. none = no stitching; medium = both are each other's best partner; conservative = and share most of their overlap; aggressive = medium, and one-sided partners that are clear; either = one is the other's best partner.",
      ),
    "stitch-parameters": z
      .strictObject({
        "minimum-overlap": count.default(50).describe("A best partner counts only with more common voxels than this."),
        "liberal-overlap": count.default(1000).describe("The one-sided rule of aggressive needs more common voxels than this."),
        "overlap-ratio": z
          .number()
          .min(0)
          .max(1)
          .default(0.9)
          .describe("Part of a segment's overlap that its partner must hold (conservative, aggressive)."),
        "eligibility-plane": z
          .boolean()
          .default(true)
          .describe("Only segments that touch the eligibility plane of the overlap start a match."),
      })
      .prefault({})
      .describe("Constants of stitching."),
    "stitch-constraints": z
      .boolean()
      .default(false)
      .describe("Extra test for bodies that touch themselves. Only false is supported."),
    "label-offset": uint64(0).default(0).describe("Ids of new bodies lie above this number; in quotes when above 2^53 - 1."),
    "iteration-size": count.default(0).describe("Subvolumes processed and checkpointed together; 0 = all at once."),
    "checkpoint-dir": z
      .string()
      .default("")
      .describe(
        "The run folder, with checkpoints, evidence, log and report. Empty = beside this file, named like it with the ending .run.",
      ),
    checkpoint: z
      .enum(CHECKPOINT_LEVELS)
      .default("segmentation")
      .describe(
        "What is kept and read back when a run goes on: segmentation = labels of each subvolume; voxel = predictions too; none = nothing.",
      ),
    mutateseg: z
      .enum(["auto", "no", "yes"])
      .default("auto")
      .describe(
        "Whether a destination that already holds something is replaced: yes = replaced in one step when the result is there; auto, no = refused, unless it is this run's own result. On a DVID server: auto = labels of earlier versions give way inside the region of interest, what was written in this version is not touched; no = the instance must be new or empty; yes = what was written in this version gives way, too.",
      ),
    corespertask: positive.default(1).describe("Cores reserved for a subvolume: with more, fewer subvolumes run at the same time."),
    parallelwrites: count.default(125).describe("Subvolumes written at the same time, at most; 0 = no limit."),
    debug: z.boolean().default(false).describe("Writes debug messages to the log too."),
    ...clusterOptions,
  })
  .prefault({})
  .describe("How the volume is cut, segmented and stitched.");

export const configSchema = z.strictObject({
  input: inputSchema,
  output: outputSchema,
  roi: roiSchema,
  options: optionsSchema,
  "dvid-info": dvidInfoSchema,
});

/** After defaults, before normalisation. */
export type WrittenConfig = z.output<typeof configSchema>;
