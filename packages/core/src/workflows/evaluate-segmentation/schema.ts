/** The configuration of an evaluation as people write it: the keys of DVIDSparkServices' EvaluateSeg, and `input`, `output`, `roi`. */
import { z } from "zod";
import type { JsonSchema } from "../../config/json-schema.ts";
import { roiSchema } from "../../config/schema-data.ts";
import { count, edge, text, uint64 } from "../../config/schema-fields.ts";

const percents = z.array(z.number().gt(0).max(100)).min(1);

const pointListSchema = z.union(
  [
    text,
    z.strictObject({
      file: text.describe("JSON file."),
      name: text.optional().describe("Name of the list; without it the file's."),
      type: z
        .string()
        .regex(/^[\w-]+$/)
        .optional()
        .describe("What the points are; without it the file's own type."),
    }),
  ],
  { error: () => "expected the path of a JSON file, or an object with file, name and type" },
);

const inputSchema = z
  .strictObject({
    "ground-truth": text.describe(
      "The labels that are right, named like any source. Relative paths start at the folder of this file.",
    ),
    segmentation: text
      .optional()
      .describe("The labels to judge. Without it the ground truth is described on its own, as if compared with one single body."),
    "point-lists": z
      .array(pointListSchema)
      .default([])
      .describe(
        "JSON files of points, each [x, y, z, positions of postsynaptic points…] in voxels; or objects with file, name and type. Lists of type synapse give connectivity.",
      ),
    skeletons: z
      .strictObject({
        folder: text.describe("Folder of SWC files, or one such file."),
        "unit-nm": z
          .number()
          .positive()
          .optional()
          .describe("Length of one unit of the files in nanometres. Without it their coordinates are voxels of the ground truth."),
      })
      .optional()
      .describe("Skeletons of true neurons, for the expected run length."),
  })
  .describe("What is compared.");

const dvidTruthSchema = z
  .strictObject({
    "dvid-server": text.optional().describe("host:port of the DVID server, or https://host."),
    uuid: text.optional().describe("The version: a unique beginning of its id, or repo:branch for the newest one of a branch."),
    "label-name": text.optional().describe("The label instance. The same as input.ground-truth: dvid://server/uuid/label-name."),
    roi: text.optional().describe("The ROI instance; without it the whole volume. The same as roi.dvid: dvid://server/uuid/roi."),
    "point-lists": z
      .array(
        z
          .string()
          .regex(/^[^/]+\/[^/]+$/, { error: () => "expected <keyvalue instance>/<key>, whose value is a JSON list of points" }),
      )
      .default([])
      .describe("Lists of points, each <keyvalue instance>/<key> of this version; beside input.point-lists."),
    "stats-location": z
      .string()
      .regex(/^[^/]*$/, { error: () => "expected a name without /" })
      .default("")
      .describe(
        "metrics.json goes to this version too, into the keyvalue instance seg-metrics under <stats-location>--<user-name>--<unix seconds>. Empty = it does not.",
      ),
    "user-name": z.string().default("").describe("The same as options.user-name."),
  })
  .optional()
  .meta({
    description: "Ground truth on a DVID server, as the original's configurations name it.",
    examples: [{ "dvid-server": "emdata:8000", uuid: "abc123", "label-name": "groundtruth", roi: "roi" }],
  });

const dvidTestSchema = z
  .strictObject({
    "dvid-server": text.optional().describe("host:port of the DVID server, or https://host."),
    uuid: text.optional().describe("The version."),
    "label-name": text.optional().describe("The label instance. The same as input.segmentation: dvid://server/uuid/label-name."),
  })
  .optional()
  .meta({ description: "Segmentation on a DVID server." });

export const PLUGIN_NAMES = ["rand", "vi", "count", "connectivity", "edit", "orphans", "autapse"] as const;
export type MeasureName = (typeof PLUGIN_NAMES)[number];

/** Of each measure, the parameters that it takes. */
const PARAMETERS: Readonly<Record<MeasureName, Readonly<Record<string, z.ZodType>>>> = {
  rand: {},
  vi: {},
  count: { thresholds: percents },
  connectivity: { thresholds: z.array(z.int().min(1)).min(1) },
  edit: { volthres: z.union([z.number().gt(0).max(100), percents]), splitfactor: z.number().positive() },
  orphans: {},
  autapse: {},
};

const pluginSchema = z
  .strictObject({
    name: z.enum(PLUGIN_NAMES),
    parameters: z
      .strictObject({
        thresholds: z.array(z.number().positive()).min(1).optional(),
        volthres: z.union([z.number().gt(0).max(100), percents]).optional(),
        splitfactor: z.number().positive().optional(),
      })
      .default({}),
  })
  .superRefine(({ name, parameters }, context) => {
    for (const [key, value] of Object.entries(parameters)) {
      const schema = PARAMETERS[name][key];
      const refuse = (message: string) => context.addIssue({ code: "custom", path: ["parameters", key], message });
      if (schema === undefined) {
        const known = Object.keys(PARAMETERS[name]).join(", ");
        refuse(known === "" ? `expected no parameters for ${name}` : `expected ${known} for ${name}`);
      } else if (!schema.safeParse(value).success) {
        refuse(name === "connectivity" ? "expected numbers of connections, 1 or more" : "expected percents above 0, up to 100");
      }
    }
  });

export const evaluationOptionsSchema = z
  .strictObject({
    "body-threshold": count.default(1000).describe("Truth bodies with fewer voxels are left out, as if they had never existed."),
    "point-threshold": count.default(10).describe("The same for points."),
    "chunk-size": edge(z.int().min(32).multipleOf(32), "a multiple of 32")
      .default(256)
      .describe("Size of a subvolume, the cell of the heat map, in voxels: a number or [x, y, z]; multiples of 32."),
    "boundary-size": count
      .max(64)
      .default(2)
      .describe("Truth voxels nearer than this to a contact of two truth bodies do not count; 0 = all count."),
    "segmentation-zero": z
      .enum(["body", "ignored"])
      .default("body")
      .describe("Voxels of truth bodies without a segment: body = 0 is a body like any other; ignored = they do not count."),
    "num-displaybodies": z.int().min(1).default(100).describe("Length of the lists of the worst and of the largest bodies."),
    plugins: z
      .array(pluginSchema)
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, { error: () => "expected each measure once" })
      .default([
        { name: "rand", parameters: {} },
        { name: "vi", parameters: {} },
        { name: "count", parameters: {} },
        { name: "connectivity", parameters: {} },
        { name: "edit", parameters: {} },
      ])
      .describe(
        "Measures, each {name, parameters}: rand, vi, count (thresholds: percents), connectivity (thresholds: connections), edit (volthres: percents; splitfactor), orphans, autapse.",
      ),
    "subvolume-threshold": z
      .number()
      .min(0)
      .default(0)
      .describe(
        "Percent of a subvolume that must hold truth, else it is marked `ignore`; with enable-sparse the least number of important bodies.",
      ),
    "important-bodies": z.array(uint64(1)).default([]).describe("Only these truth bodies count; ids above 2^53 - 1 in quotes."),
    "enable-sparse": z
      .boolean()
      .default(false)
      .describe(
        "The truth is labelled around the important bodies only: they are measured, and their neighbours still show merges.",
      ),
    "no-gt": z
      .boolean()
      .default(false)
      .describe("Neither volume is the truth: numbers that need one are left out of metrics.json."),
    "run-cc": z
      .boolean()
      .default(true)
      .describe("Bodies in several pieces that do not touch (6 neighbours, inside the region) count as several bodies."),
    "downsample-level": z
      .int()
      .min(0)
      .max(31)
      .default(0)
      .describe("Level of the pyramids to compare; boxes of the ROI are those of level 0."),
    "disable-subvolumes": z.boolean().default(false).describe("No heat map."),
    "user-name": z.string().default("").describe("Who asked; part of the result's name on a DVID server."),
    corespertask: z.int().min(1).default(1).describe("Cores reserved for a subvolume."),
  })
  .prefault({})
  .describe("How it is compared.");

export const evaluationSchema = z.strictObject({
  input: inputSchema,
  output: z
    .strictObject({
      destination: text
        .optional()
        .describe("Folder of the results. Without it beside this file, named like it with the ending .evaluation."),
    })
    .prefault({})
    .describe("Where the results go."),
  roi: roiSchema,
  options: evaluationOptionsSchema,
  "dvid-info": dvidTruthSchema,
  "dvid-info-comp": dvidTestSchema,
  debug: z.boolean().default(false).describe("Also prints metrics.json as one line that starts with DEBUG:."),
});

export type WrittenEvaluation = z.output<typeof evaluationSchema>;

let made: JsonSchema | null = null;

/** JSON Schema (draft 2020-12) of an evaluation's configuration. */
export function evaluationJsonSchema(): JsonSchema {
  made ??= z.toJSONSchema(evaluationSchema, { target: "draft-2020-12", io: "input", reused: "inline" }) as JsonSchema;
  return made;
}
