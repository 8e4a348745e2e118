/** One forest of vigra and a list of filters, as `ilastik_simple_predict` takes them. */
import { readFile } from "node:fs/promises";
import { KernelError, PIXEL_FILTERS, packForests } from "@axonloom/kernels";
import { z } from "zod";
import type { CallOptions } from "../../../call-options.ts";
import { reasonOf } from "../../../fs-errors.ts";
import { readVigraForest, withHdf5 } from "../../../hdf5/index.ts";
import { modelError, type PixelModel, planFeatures, trainedChannels } from "./model.ts";

const specsSchema = z.array(z.tuple([z.enum(PIXEL_FILTERS), z.number().positive()])).min(1);

/**
 * `classifier`: `file.h5/group/in/it`; `specs`: a JSON list of [filter, scale] in the order of the forest's columns. Throws as
 * `readIlastikProject`.
 */
export async function readSimpleModel(classifier: string, specs: string, options: CallOptions = {}): Promise<PixelModel> {
  const { file, group } = splitClassifier(classifier);
  const stored = await withHdf5(file, (opened) => readVigraForest(opened, group), options);
  const features = planFeatures(
    {
      engine: "vigra",
      recipe: "direct",
      features: (await readSpecs(specs)).map(([filter, sigma]) => ({ filter, sigma, flat: false })),
    },
    specs,
  );
  const channels = trainedChannels(stored.columns, features, classifier);
  try {
    const forest = packForests([stored]);
    return {
      path: classifier,
      features,
      channels,
      forest,
      outputs: stored.classes,
      classChannels: Array.from({ length: stored.classes }, (_, k) => k),
      doubt: null,
    };
  } catch (error) {
    if (error instanceof KernelError) throw modelError("E_SOURCE_UNSUPPORTED", classifier, error.message);
    throw error;
  }
}

/** The file of `file.h5/group` ends with the first suffix of HDF5. */
export function splitClassifier(classifier: string): { file: string; group: string } {
  const match = /^(.*?\.(?:h5|hdf5|ilp))(\/.*)?$/.exec(classifier);
  if (match === null) {
    throw modelError(
      "E_SOURCE_NAME",
      classifier,
      "expected a file ending in .h5, .hdf5 or .ilp, and the group in it: forest.h5/group",
    );
  }
  return { file: match[1]!, group: match[2] ?? "/" };
}

async function readSpecs(path: string): Promise<z.infer<typeof specsSchema>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw modelError("E_SOURCE_NOT_FOUND", path, `cannot be read (${reasonOf(cause)}); correct the path`, cause);
  }
  const expected = 'expected a JSON list of [filter, scale] such as [["GaussianSmoothing", 1.0]]';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw modelError("E_SOURCE_DAMAGED", path, `${expected}, found no JSON (${reasonOf(cause)})`, cause);
  }
  const parsed = specsSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw modelError("E_SOURCE_DAMAGED", path, `${expected}; entry ${issue.path.join(".")}: ${issue.message}`);
}
