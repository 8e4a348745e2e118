/** What is read, where the result goes, and which part of the volume counts. */
import { z } from "zod";
import { PARTITION_FILTERS, PARTITION_METHODS, ROI_BLOCK } from "../geometry/index.ts";
import { count, dvidName, edge, positive, text, xyzBox } from "./schema-fields.ts";

const nanometres = z.number().positive();

export const inputSchema = z
  .strictObject({
    source: text.describe(
      "The grey volume (uint8): precomputed://path, images://folder, npy://file, raw://file?shape=x,y,z&dtype=uint8, dvid://host:port/version/instance, or a bare path when its kind is obvious. Relative paths start at the folder of this file.",
    ),
    "voxel-size-nm": z
      .tuple([nanometres, nanometres, nanometres], {
        error: ({ code }) => (code === "invalid_type" ? "expected [x, y, z] in nanometres" : undefined),
      })
      .optional()
      .meta({
        description: "Size of a voxel [x, y, z] in nanometres. Without it the source's own size counts.",
        examples: [[8, 8, 8]],
      }),
  })
  .describe("What is segmented.");

export const outputSchema = z
  .strictObject({
    destination: text.describe(
      "Where the labels (uint64) go, named like a source, for instance precomputed://segmentation or dvid://host:port/version/instance.",
    ),
    encoding: z
      .enum(["compressed_segmentation", "raw"])
      .optional()
      .meta({
        description: "How precomputed chunks are encoded. Without it: compressed_segmentation.",
        examples: ["compressed_segmentation"],
      }),
    gzip: z
      .boolean()
      .optional()
      .meta({ description: "Compress each chunk file with gzip. Without it the driver's default counts.", examples: [false] }),
    chunk: edge(positive, "a whole number of voxels above 0")
      .optional()
      .meta({
        description: "Size of an output chunk in voxels, a number or [x, y, z]. Without it: 64, or 32 where core boxes need it.",
        examples: [64],
      }),
  })
  .describe("Where the result is written.");

export const roiSchema = z
  .strictObject({
    file: text.optional().describe("JSON file with runs [z, y, x_first, x_last] in blocks, x_last included."),
    "block-size": positive.max(65536).default(ROI_BLOCK).describe("Edge of a block of the ROI file in voxels."),
    box: xyzBox.optional().describe("[[x0, y0, z0], [x1, y1, z1]] in voxels, upper bounds exclusive."),
    dvid: dvidName
      .optional()
      .describe("An ROI of a DVID server: dvid://host:port/version/instance. Its blocks have the size that the server says."),
  })
  .refine((given) => [given.file, given.box, given.dvid].filter((one) => one !== undefined).length === 1, {
    error: "expected one of file, box, dvid",
  })
  .optional()
  .meta({
    description:
      "The region of interest: a file of runs, a box, or an ROI of a DVID server. Without it the whole volume. Everything outside is background.",
    examples: [{ file: "roi.json" }],
  });

export const partitionMethod = z
  .enum(PARTITION_METHODS)
  .describe(
    "How core boxes are laid: grid-aligned = one regular grid on multiples of the output chunk; ask-dvid = the rule of the DVID server, rows centred on the ROI.",
  );
export const partitionFilter = z
  .enum(PARTITION_FILTERS)
  .describe("all = every box with a voxel of the ROI; interior-only = boxes whose bordered box lies in the ROI entirely.");

export const dvidInfoSchema = z
  .strictObject({
    "dvid-server": text.optional().describe("host:port of the DVID server, or https://host."),
    uuid: text
      .optional()
      .describe(
        "The version: a unique beginning of its id, or repo:branch for the newest one of a branch. Output is written to it too.",
      ),
    grayscale: text.optional().describe("The grey instance (uint8blk). The same as input.source: dvid://server/uuid/grayscale."),
    "segmentation-name": text
      .optional()
      .describe(
        "The label instance that the result goes to. The same as output.destination: dvid://server/uuid/segmentation-name.",
      ),
    roi: text
      .optional()
      .describe("The ROI instance; without it the whole grey volume. The same as roi.dvid: dvid://server/uuid/roi."),
    "partition-method": partitionMethod.optional(),
    "partition-filter": partitionFilter.optional(),
  })
  .optional()
  .meta({
    description:
      "Input, output and ROI on one DVID server, as the paper's configurations name them. Each key may be given here or in its other place, not in both.",
    examples: [
      { "dvid-server": "emdata:8000", uuid: "abc123", grayscale: "grayscale", "segmentation-name": "segmentation", roi: "roi" },
    ],
  });

/** General options of a run on a cluster that are read for the sake of existing files. */
export const clusterOptions = {
  "resource-server": z.string().default("").describe("Address of a request broker. Only the empty text is supported."),
  "resource-port": count.max(65535).default(0).describe("Port of the request broker. Accepted, without effect."),
  "resource-server-config": z
    .record(z.string(), z.number())
    .default({})
    .describe("Limits of the request broker. Accepted, without effect."),
  "worker-initialization": z
    .strictObject({
      "script-path": z.string().default("").describe("Script that runs once on each machine. Only the empty text is supported."),
      "script-args": z.array(z.string()).default([]).describe("Arguments of the script. Accepted, without effect."),
      "launch-delay": z
        .int()
        .min(-1)
        .default(-1)
        .describe("Seconds to wait for the script, -1 = until it ends. Accepted, without effect."),
      "log-dir": z.string().default("").describe("Folder of the script's output. Accepted, without effect."),
      "also-run-on-driver": z.boolean().default(false).describe("Accepted, without effect."),
    })
    .prefault({})
    .describe("Preparation of the machines of a cluster."),
  "spark-config": z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: "expected a text, a number or true/false" }))
    .default({})
    .describe("Settings of a Spark cluster. Accepted, without effect on the local engine."),
  "log-collector-port": count
    .max(65535)
    .default(3000)
    .describe("Port of the log collector of a cluster. Accepted, without effect: the run folder holds the log."),
  "log-collector-directory": z.string().default("").describe("Folder of the log collector of a cluster. Accepted, without effect."),
};
