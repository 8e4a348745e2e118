/** Writes small projects as ilastik does, with anything in them changed. */
import type { File, Group } from "h5wasm/node";

type Value = string | readonly string[] | number | Int8Array | Int32Array | Uint32Array | Float64Array;

const CLASSIFIER = "PixelClassification/ClassifierForests";

/** A forest of one tree: one split on column 0 at 100, to [1, 0 …] and [0, 1 …]. */
export function forestGroup(path: string, columns: number, classes = 2): Record<string, Value> {
  const one = (k: number) => Array.from({ length: classes }, (_, c) => (c === k ? 1 : 0));
  return {
    [`${path}/_options/predict_weighted_`]: Float64Array.of(0),
    [`${path}/_ext_param/column_count_`]: Float64Array.of(columns),
    [`${path}/_ext_param/class_count_`]: Float64Array.of(classes),
    [`${path}/_ext_param/labels`]: Uint32Array.from({ length: classes }, (_, k) => k + 1),
    [`${path}/Tree_0/topology`]: Int32Array.of(columns, classes, 0, 0, 7, 9, 0, 0x40000000, 2, 0x40000000, 3 + classes),
    [`${path}/Tree_0/parameters`]: Float64Array.of(1, 100, 1, ...one(0), 1, ...one(1)),
  };
}

/** A trained project of ilastik 1.1: GaussianSmoothing at 0.7 and 1, two classes, of three labels. */
export function projectEntries(): Record<string, Value> {
  return {
    ilastikVersion: "1.1.7",
    workflowName: "Pixel Classification",
    "FeatureSelections/FeatureIds": ["GaussianSmoothing", "HessianOfGaussianEigenvalues"],
    "FeatureSelections/Scales": Float64Array.of(0.7, 1),
    "FeatureSelections/SelectionMatrix": Int8Array.of(1, 1, 0, 0),
    "Input Data/infos/lane0000/Raw Data/axistags": JSON.stringify({ axes: ["z", "y", "x"].map((key) => ({ key })) }),
    "PixelClassification/LabelNames": ["a", "b", "c"],
    [`${CLASSIFIER}/known_labels`]: Uint32Array.of(1, 3),
    [`${CLASSIFIER}/pickled_type`]:
      "clazyflow.classifiers.parallelVigraRfLazyflowClassifier\nParallelVigraRfLazyflowClassifier\np1\n.",
    ...forestGroup(`${CLASSIFIER}/Forest0000`, 2),
  };
}

/** Writes datasets by their paths; a matrix of two rows where the name says so. */
export async function writeProject(path: string, entries: Readonly<Record<string, Value | undefined>>): Promise<void> {
  const { ready, File } = await import("h5wasm/node");
  await ready;
  const file: File = new File(path, "w");
  for (const [name, value] of Object.entries(entries)) {
    if (value === undefined) continue;
    const parts = name.split("/");
    let group: Group = file;
    for (const part of parts.slice(0, -1)) group = (group.get(part) as Group | null) ?? group.create_group(part);
    const shape = parts.at(-1) === "SelectionMatrix" ? [2, (value as Int8Array).length / 2] : undefined;
    const data = (typeof value === "number" ? Float64Array.of(value) : value) as string | string[] | Int32Array;
    group.create_dataset({ name: parts.at(-1)!, data, ...(shape !== undefined && { shape }) });
  }
  file.close();
}
