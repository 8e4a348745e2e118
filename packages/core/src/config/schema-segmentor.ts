/** The segmentor: four steps, each a function with parameters, and the bodies that are kept. */
import { z } from "zod";
import { DEFAULT_FUNCTIONS } from "../segment/default-steps.ts";
import { pythonReference } from "../segment/python/reference.ts";
import type { StepName } from "../segment/types.ts";
import { count, text, uint64 } from "./schema-fields.ts";

export const DEFAULT_SEGMENTOR = "DVIDSparkServices.reconutils.Segmentor.Segmentor";

const needsSubprocess = (key: string) => `${key} has no effect without use-subprocess: true; add that, or leave ${key} at 0`;

function step(name: StepName, description: string) {
  return z
    .strictObject({
      function: text
        .default(DEFAULT_FUNCTIONS[name])
        .describe(
          "Name of a built-in (the original's dotted names too), or a function of your own: ./file.mjs:functionName, or in Python ./file.py:function_name or module.function_name.",
        ),
      parameters: z.record(z.string(), z.unknown()).default({}).describe("Parameters of the function."),
      language: z.enum(["python"]).optional().describe("Says that function is a Python function, where its name alone does not."),
      "python-path": z
        .array(text)
        .optional()
        .describe(
          "Folders of Python modules; without it the folder of the configuration. Where it is given, function is Python's.",
        ),
      python: text
        .optional()
        .describe("Interpreter with NumPy, a command or a path; without it AXONLOOM_PYTHON of the environment, then python3."),
      "depends-on": z
        .array(text)
        .optional()
        .describe(
          "Files that the result depends on beside the function's module and what that imports by path, such as a model: when one changes, checkpoints made with it are computed again.",
        ),
      "use-subprocess": z
        .boolean()
        .default(false)
        .describe("Run in a process of its own, so that a crash or an endless loop ends that attempt only."),
      "subprocess-timeout": z.number().min(0).default(0).describe("Seconds after which that process is ended; 0 = no limit."),
      "subprocess-memory": count.default(0).describe("Bytes of resident memory above which that process is ended; 0 = no limit."),
    })
    .superRefine((given, context) => {
      for (const key of ["subprocess-timeout", "subprocess-memory"] as const) {
        if (given[key] !== 0 && !given["use-subprocess"] && pythonReference(given) === null) {
          context.addIssue({ code: "custom", path: [key], message: needsSubprocess(key), input: given[key] });
        }
      }
    })
    .prefault({})
    .describe(description);
}

export const stepSchemas = {
  "background-mask": step("background-mask", "Says which voxels are segmented at all."),
  "predict-voxels": step("predict-voxels", "Gives each voxel its probability of being membrane (and other channels)."),
  "create-supervoxels": step("create-supervoxels", "Cuts the volume into small pieces along membranes."),
  "agglomerate-supervoxels": step("agglomerate-supervoxels", "Joins supervoxels into segments."),
} as const satisfies Record<StepName, z.ZodType>;

const bodyIds = z.array(uint64(1)).superRefine((ids, context) => {
  const seen = new Set<string>();
  for (const [index, id] of ids.entries()) {
    const digits = String(id).replace(/^0+/, "");
    if (seen.has(digits))
      context.addIssue({ code: "custom", path: [index], message: `the id ${digits} is there twice`, input: id });
    seen.add(digits);
  }
});

export const preserveBodiesSchema = z
  .strictObject({
    source: text.optional().describe("The label volume that holds the bodies."),
    from: z
      .string()
      .regex(/^[^/]+\/[^/]+$/, { error: "expected <keyvalue instance>/<key>" })
      .optional()
      .describe(
        "Instead of bodies: <keyvalue instance>/<key> in the version of the source on its DVID server, holding a JSON list of ids.",
      ),
    bodies: bodyIds
      .default([])
      .describe("Their ids: integers from 1 to 2^64 - 1, in quotes when above 2^53 - 1. Empty = nothing is preserved."),
    "dvid-server": text
      .optional()
      .describe("host:port of the DVID server that holds the bodies; with uuid and segmentation-name instead of source."),
    uuid: text.optional().describe("The version in which the bodies are looked up."),
    "segmentation-name": text.optional().describe("The label instance that holds the bodies."),
  })
  .optional()
  .meta({
    description: "Bodies that people have proofread: their voxels keep their ids, and nothing is merged into them.",
    examples: [{ source: "precomputed://proofread", bodies: [17, "18446744073709551615"] }],
  });

export const segmentorConfigurationSchema = z
  .strictObject({ ...stepSchemas, "preserve-bodies": preserveBodiesSchema })
  .prefault({})
  .describe("The steps of the segmentor. A segmentor of your own may take further keys.");

export const segmentorSchema = z
  .strictObject({
    class: text
      .default(DEFAULT_SEGMENTOR)
      .describe("What segments a subvolume: the default with the four steps below, DefaultGrayOnly, or ./file.mjs:ClassName."),
    configuration: segmentorConfigurationSchema,
  })
  .prefault({})
  .describe("How a subvolume is segmented.");
