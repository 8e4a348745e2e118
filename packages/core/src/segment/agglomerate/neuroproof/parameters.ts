import { z } from "zod";

const classifier = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe("File with a random forest: OpenCV's (.xml, .yml, also .gz) or vigra's (.h5), as NeuroProof reads them."),
  "dvid-server": z.undefined("a classifier kept in DVID cannot be read yet; store it as a file and give its path").optional(),
  uuid: z.undefined("a classifier kept in DVID cannot be read yet; store it as a file and give its path").optional(),
});

export const neuroproofAgglomerateParameters = z.strictObject({
  classifier: classifier.describe("The trained classifier of boundaries: an object with its path."),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("Segments are merged while the probability that they are different is at most this; 0 merges inclusions only."),
  mitochannel: z
    .int()
    .min(0)
    .nullable()
    .default(2)
    .describe("Channel of the predictions with the probability of mitochondria, counted from 0; null: there is none."),
  mito_threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.35)
    .describe("A supervoxel is a mitochondrion when its mean in `mitochannel` is at least this."),
  mito_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("A mitochondrion goes into a larger segment that has more than this part of its border."),
  min_body_size: z
    .int()
    .min(0)
    .default(0)
    .describe("Bodies with fewer voxels than this are given to their neighbours, and voxels without a body with them; 0: none."),
  boundary_channel: z
    .int()
    .min(0)
    .default(0)
    .describe("Channel of the predictions with the membrane probability, over which bodies grow where small ones were."),
});

export type NeuroproofParameters = z.infer<typeof neuroproofAgglomerateParameters>;
