/**
 * ilastik's projects (`.ilp`, HDF5) of the workflow Pixel Classification, versions 1.0 to 1.4: what is needed to predict.
 *
 *     /ilastikVersion  /workflowName
 *     /FeatureSelections/   FeatureIds [rows]  Scales [columns]  SelectionMatrix [rows, columns]  ComputeIn2d [columns], since 1.3.2
 *     /PixelClassification/ LabelNames         ClassifierForests/ pickled_type  known_labels  feature_names  Forest0000 …
 *
 * Python pickles are never loaded: the classifier is told by the name in them.
 */
import {
  type FeatureEngine,
  KernelError,
  PIXEL_FILTERS,
  type PixelFeature,
  type PixelFilter,
  packForests,
} from "@axonloom/kernels";
import type { CallOptions } from "../../../call-options.ts";
import { type Hdf5File, readVigraForest, type StoredForest, withHdf5 } from "../../../hdf5/index.ts";
import { checkFeatureNames } from "./feature-names.ts";
import { modelError, type PixelModel, planFeatures, trainedChannels } from "./model.ts";

const WORKFLOW = "Pixel Classification";
const FEATURES = "/FeatureSelections";
const CLASSIFIER = "/PixelClassification/ClassifierForests";

/** How the forests of a classifier lie in its group; others cannot be read. */
const CLASSIFIERS: ReadonlyMap<string, RegExp> = new Map([
  ["ParallelVigraRfLazyflowClassifier", /^Forest\d+$/],
  ["VigraRfLazyflowClassifier", /^forest$/],
  ["VigraRfPixelwiseClassifier", /^forest$/],
]);

/**
 * Reads a project. `engine` null: by its version. Throws what opening throws, `E_SOURCE_UNSUPPORTED` (no project, another workflow, feature
 * or classifier, not trained) or `E_SOURCE_DAMAGED` (parts that contradict each other).
 */
export async function readIlastikProject(
  path: string,
  engine: FeatureEngine | null,
  options: CallOptions = {},
): Promise<PixelModel> {
  return await withHdf5(path, (file) => readModel(file, engine), options);
}

function readModel(file: Hdf5File, wanted: FeatureEngine | null): PixelModel {
  const { path } = file;
  const unsupported = (details: string) => modelError("E_SOURCE_UNSUPPORTED", path, details);
  const version = versionOf(file);
  const engine = wanted ?? engineOf(version);
  const selected = selectedFeatures(file);
  const forests = readForests(file);
  const features = planFeatures({ engine, recipe: "presmoothed", features: selected }, path);
  const { columns, classes } = forests[0]!;
  const channels = trainedChannels(columns, features, path);
  if (channels === 1) checkFeatureNames(file, `${CLASSIFIER}/feature_names`, selected);
  const outputs = Math.max(1, file.strings("/PixelClassification/LabelNames").length);
  const labels = `${CLASSIFIER}/known_labels`;
  const known =
    file.kindOf(labels) === null ? Array.from({ length: classes }, (_, k) => k + 1) : Array.from(file.numbers(labels).data, Number);
  if (known.length !== classes || !known.every((label) => label >= 1 && label <= outputs)) {
    const details = `expected ${classes} known labels from 1 to ${outputs}, found ${known.join(", ")}; save the project again after training`;
    throw modelError("E_SOURCE_DAMAGED", path, details);
  }
  try {
    const forest = packForests(forests);
    const doubt =
      wanted === null && version.startsWith("1.2.")
        ? `${path} was written by ilastik ${version}, of which some had the filters of vigra and some those of fastfilters; taken: ${engine}. Say which with the parameter engine`
        : null;
    return { path, features, channels, forest, outputs, classChannels: known.map((label) => label - 1), doubt };
  } catch (error) {
    if (error instanceof KernelError) throw unsupported(error.message);
    throw error;
  }
}

function versionOf(file: Hdf5File): string {
  const unsupported = (details: string) => modelError("E_SOURCE_UNSUPPORTED", file.path, details);
  if (file.kindOf("/ilastikVersion") !== "dataset") {
    throw unsupported("expected a project of ilastik, found an HDF5 file without ilastikVersion; correct the path");
  }
  if (file.kindOf("/workflowName") !== "dataset") {
    throw unsupported("it is a project of ilastik 0.5, which keeps no classifier; train it again with ilastik 1.0 or newer");
  }
  const workflow = file.string("/workflowName");
  if (workflow !== WORKFLOW) {
    throw unsupported(`expected the workflow ${WORKFLOW}, found ${workflow}; only ${WORKFLOW} can be run`);
  }
  return file.string("/ilastikVersion");
}

/** Since 1.2 ilastik filters with fastfilters. */
function engineOf(version: string): FeatureEngine {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > 1 || (major === 1 && minor >= 2) ? "fastfilters" : "vigra";
}

function selectedFeatures(file: Hdf5File): PixelFeature[] {
  const unsupported = (details: string) => modelError("E_SOURCE_UNSUPPORTED", file.path, details);
  const external = `${FEATURES}/FeatureListFilename`;
  if (file.kindOf(external) === "dataset" && file.strings(external).some((name) => name !== "")) {
    throw unsupported("it takes its features from other files; only features that ilastik computes can be used");
  }
  if (file.kindOf(FEATURES) !== "group" || file.kindOf(`${FEATURES}/SelectionMatrix`) === null) {
    throw unsupported("no features are selected in it; select some, train, and save it");
  }
  const ids = file.strings(`${FEATURES}/FeatureIds`);
  const scales = Array.from(file.numbers(`${FEATURES}/Scales`).data, Number);
  const { data: matrix, shape } = file.numbers(`${FEATURES}/SelectionMatrix`);
  if (shape[0] !== ids.length || shape[1] !== scales.length) {
    const details = `expected a selection of ${ids.length} features × ${scales.length} scales, found ${shape.join(" × ")}`;
    throw modelError("E_SOURCE_DAMAGED", file.path, details);
  }
  const flat = computedIn2d(file, scales.length);
  const features: PixelFeature[] = [];
  for (const [row, id] of ids.entries()) {
    for (const [column, sigma] of scales.entries()) {
      if (Number(matrix[row * scales.length + column]) === 0) continue;
      if (!(PIXEL_FILTERS as readonly string[]).includes(id)) {
        throw unsupported(`expected features among ${PIXEL_FILTERS.join(", ")}, found ${id}; train it without that one`);
      }
      features.push({ filter: id as PixelFilter, sigma, flat: flat[column]! });
    }
  }
  return features;
}

/** By scale. Older projects do not say it: theirs are 2-D when the trained images are. */
function computedIn2d(file: Hdf5File, scales: number): boolean[] {
  if (trainedIn2d(file)) return new Array<boolean>(scales).fill(true);
  const path = `${FEATURES}/ComputeIn2d`;
  if (file.kindOf(path) === null) return new Array<boolean>(scales).fill(false);
  return Array.from(file.numbers(path).data, Number).map((value) => value !== 0);
}

function trainedIn2d(file: Hdf5File): boolean {
  const lanes = "/Input Data/infos";
  const last = file.kindOf(lanes) === "group" ? file.names(lanes).at(-1) : undefined;
  if (last === undefined) return false;
  const raw = `${lanes}/${last}/Raw Data`;
  const axes = axesOf(file, raw);
  if (axes === null) return false;
  if (!axes.includes("z")) return true;
  if (file.kindOf(`${raw}/shape`) !== "dataset") return false;
  return Number(file.numbers(`${raw}/shape`).data[axes.indexOf("z")]) === 1;
}

/** Keys of the axes, in their order; null where the project does not tell. */
function axesOf(file: Hdf5File, raw: string): readonly string[] | null {
  if (file.kindOf(`${raw}/axistags`) === "dataset") return axesOfTags(file, file.string(`${raw}/axistags`), `${raw}/axistags`);
  return file.kindOf(`${raw}/axisorder`) === "dataset" ? [...file.string(`${raw}/axisorder`)] : null;
}

/** Keys of the axes of a project's image, as its last lane has them; null where it does not tell. */
export function imageAxes(file: Hdf5File): readonly string[] | null {
  const lanes = "/Input Data/infos";
  const last = file.kindOf(lanes) === "group" ? file.names(lanes).at(-1) : undefined;
  return last === undefined ? null : axesOf(file, `${lanes}/${last}/Raw Data`);
}

/** Keys in vigra's description of axes; `where` it stands, for error texts. */
export function axesOfTags(file: Hdf5File, tags: string, where: string): readonly string[] {
  try {
    const { axes } = JSON.parse(tags) as { axes: { key: string }[] };
    return axes.map(({ key }) => key);
  } catch (cause) {
    throw modelError("E_SOURCE_DAMAGED", file.path, `${where}: expected JSON with axes, found something else`, cause);
  }
}

function readForests(file: Hdf5File): StoredForest[] {
  const unsupported = (details: string) => modelError("E_SOURCE_UNSUPPORTED", file.path, details);
  const untrained = () => unsupported("it holds no trained classifier; train it in ilastik and save it");
  if (file.kindOf(CLASSIFIER) !== "group") throw untrained();
  const pattern = CLASSIFIERS.get(classifierOf(file));
  if (pattern === undefined) {
    const found = classifierOf(file);
    throw unsupported(
      `expected a random forest of vigra, found the classifier ${found}, which only ilastik can run; train it with the default one`,
    );
  }
  const names = file.names(CLASSIFIER).filter((name) => pattern.test(name));
  if (names.length === 0) throw untrained();
  const forests = names.map((name) => readVigraForest(file, `${CLASSIFIER}/${name}`));
  return forests;
}

function classifierOf(file: Hdf5File): string {
  const path = `${CLASSIFIER}/pickled_type`;
  if (file.kindOf(path) === null) return "ParallelVigraRfLazyflowClassifier";
  const pickle = file.string(path);
  const names = [...pickle.matchAll(/\b[A-Z]\w*(?:Classifier)\b/g)].map(([name]) => name);
  return names.find((name) => CLASSIFIERS.has(name)) ?? names[0] ?? pickle.slice(0, 60);
}
