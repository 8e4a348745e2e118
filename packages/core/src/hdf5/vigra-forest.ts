/** A random forest in vigra's HDF5 layout (version 0.1): a group of trees, with options. ilastik and gala write it. */
import type { VigraForest } from "@axonloom/kernels";
import { AxonloomError } from "../errors.ts";
import type { Hdf5File } from "./file.ts";

const VERSION_ATTRIBUTE = "vigra_random_forest_version";
const VERSION = 0.1;

export interface StoredForest extends VigraForest {
  /** What the classes stood for in training. */
  readonly labels: readonly number[];
}

/**
 * The forest in a group. Throws `E_SOURCE_DAMAGED` (not such a group, no trees, parts that contradict each other) or
 * `E_SOURCE_UNSUPPORTED` (another version).
 */
export function readVigraForest(file: Hdf5File, group: string): StoredForest {
  if (file.kindOf(`${group}/_ext_param`) !== "group") {
    throw damaged(file, group, "expected a random forest of vigra, found no _ext_param in it");
  }
  checkVersion(file, group);
  const names = file.names(group).filter((name) => !name.startsWith("_") && file.kindOf(`${group}/${name}`) === "group");
  if (names.length === 0) throw damaged(file, group, "expected a random forest, found one without trees: it was not trained");
  const columns = file.number(`${group}/_ext_param/column_count_`);
  const classes = file.number(`${group}/_ext_param/class_count_`);
  const weighted = file.number(`${group}/_options/predict_weighted_`) === 1;
  const labels = Array.from(file.numbers(`${group}/_ext_param/labels`).data, Number);
  if (labels.length !== classes) throw damaged(file, group, `expected ${classes} labels, one a class, found ${labels.length}`);
  const trees = names.map((name) => {
    const topology = file.numbers(`${group}/${name}/topology`).data;
    const parameters = file.numbers(`${group}/${name}/parameters`).data;
    if (!(topology instanceof Int32Array) || !(parameters instanceof Float64Array)) {
      throw damaged(file, `${group}/${name}`, "expected topology as int32 and parameters as float64, found other types");
    }
    if (topology[0] !== columns || topology[1] !== classes) {
      const found = `${topology[0]} and ${topology[1]}`;
      throw damaged(file, `${group}/${name}`, `expected ${columns} columns and ${classes} classes, found ${found}`);
    }
    return { topology, parameters };
  });
  return { columns, classes, weighted, labels, trees };
}

/** Older files have no version: theirs is the same. */
function checkVersion(file: Hdf5File, key: string): void {
  if (!file.attributeNames(key).includes(VERSION_ATTRIBUTE)) return;
  const version = Number(file.numbersAttribute(key, VERSION_ATTRIBUTE).data[0]);
  if (version === VERSION) return;
  const message = `${file.path}: expected a random forest of layout ${VERSION} at ${key}, found ${version}; store it with another vigra`;
  throw new AxonloomError("E_SOURCE_UNSUPPORTED", message, { path: file.path, key, version });
}

function damaged({ path }: Hdf5File, key: string, details: string): AxonloomError {
  return new AxonloomError("E_SOURCE_DAMAGED", `${path}, ${key}: ${details}`, { path, key });
}
