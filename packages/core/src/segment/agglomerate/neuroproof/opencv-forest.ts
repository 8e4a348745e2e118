/**
 * Random forests in OpenCV's files, of 2.4 (`CvRTrees`) and of 3 and later (`opencv_ml_rtrees`), as a forest of two classes. The nodes of
 * a tree stand in pre-order; one with `splits` has two children: the next node, and the one behind the next one's subtree.
 */
import type { VoteForest } from "@axonloom/kernels";
import { AxonloomError } from "../../../errors.ts";
import { damaged, isRecord, numberOf, numbersOf, type OpenCvRecord, type OpenCvValue, parseOpenCvFile } from "./opencv-document.ts";

/**
 * The forest in a file's bytes; one tree at a time is held as it is written. `E_SOURCE_DAMAGED` where something is missing or contradicts,
 * `E_SOURCE_UNSUPPORTED` for forests that are no classifiers of two classes by ordered features.
 */
export function parseOpenCvForest(bytes: Uint8Array, path: string): VoteForest {
  const nodes = new Nodes();
  const roots: number[] = [];
  const root = Object.values(
    parseOpenCvFile(bytes, path, (tree) => {
      roots.push(new Reader(tree, path, `tree ${roots.length}`).addTree(nodes));
    }),
  )[0];
  if (!isRecord(root)) throw damaged(path, "there is no forest in it");
  const reader = new Reader(root, path);
  const isNew = root["format"] !== undefined;
  if (reader.integer("is_classifier") !== 1) throw reader.unsupported("a forest of classes", "one of a regression");
  const classes = isNew ? reader.list("class_labels").length : reader.integer("nclasses");
  if (classes !== 2) throw reader.unsupported("a forest of two classes", `one of ${classes}`);
  const count = reader.integer("ntrees");
  if (roots.length !== count || count === 0) throw damaged(path, `it says ${count} trees and has ${roots.length}`);
  const features = reader.integer("var_all") - (isNew ? 1 : 0);
  const columns = root["var_idx"] === undefined || root["global_var_idx"] !== undefined ? null : reader.list("var_idx");
  for (const [node, variable] of nodes.feature.entries()) {
    if (variable < 0) continue;
    const feature = columns === null ? variable : (columns[variable] ?? -1);
    if (!(feature >= 0 && feature < features)) {
      throw damaged(path, `a node looks at feature ${variable}, and there are ${features}`);
    }
    nodes.feature[node] = feature;
  }
  return { features, roots: Uint32Array.from(roots), ...nodes.arrays() };
}

class Nodes {
  readonly feature: number[] = [];
  readonly threshold: number[] = [];
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly vote: number[] = [];
  readonly samples: number[] = [];
  readonly quality: number[] = [];
  /** Nodes that go left where the value is larger. */
  readonly inverted: number[] = [];

  /** With `left` for at most, everywhere. */
  arrays(): Omit<VoteForest, "features" | "roots"> {
    for (const node of this.inverted) [this.left[node], this.right[node]] = [this.right[node]!, this.left[node]!];
    return {
      feature: Int32Array.from(this.feature),
      threshold: Float32Array.from(this.threshold),
      left: Uint32Array.from(this.left),
      right: Uint32Array.from(this.right),
      vote: Uint8Array.from(this.vote),
      samples: Uint32Array.from(this.samples),
      quality: Float32Array.from(this.quality),
    };
  }
}

/** Looks things up in a record and says what is wrong. */
class Reader {
  readonly #record: OpenCvRecord;
  readonly #path: string;
  readonly #place: string;

  constructor(value: OpenCvValue | undefined, path: string, place = "the forest") {
    if (!isRecord(value)) throw damaged(path, `${place} is no record`);
    this.#record = value;
    this.#path = path;
    this.#place = place;
  }

  unsupported(expected: string, found: string): AxonloomError {
    return new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${this.#path}: expected ${expected}, found ${found} in ${this.#place}; give another classifier, or train one`,
      { path: this.#path },
    );
  }

  real(name: string): number {
    const value = this.#record[name];
    const n = typeof value === "string" ? numberOf(value) : null;
    if (n === null) throw damaged(this.#path, `${this.#place} has no number ${name}`);
    return n;
  }

  integer(name: string): number {
    const n = this.real(name);
    if (!Number.isInteger(n)) throw damaged(this.#path, `${name} of ${this.#place} is ${n}, no whole number`);
    return n;
  }

  /** The numbers of a row, or of a matrix. */
  list(name: string): number[] {
    const value = this.#record[name];
    const row = isRecord(value) ? value["data"] : value;
    const numbers = row === undefined ? null : numbersOf(row);
    if (numbers === null) throw damaged(this.#path, `${this.#place} has no row of numbers ${name}`);
    return numbers;
  }

  /** The position of the tree's root. Nodes get the file's variables as features. */
  addTree(nodes: Nodes): number {
    const list = this.#record["nodes"];
    if (!Array.isArray(list)) throw damaged(this.#path, `${this.#place} has no nodes`);
    const best = this.#record["best_tree_idx"] === undefined ? -1 : this.integer("best_tree_idx");
    const first = nodes.feature.length;
    const waiting: number[] = []; // nodes whose right child comes next
    list.forEach((value: OpenCvValue, k: number) => {
      const node = first + k;
      if (k > 0) {
        if (nodes.left[node - 1] === node) waiting.push(node - 1);
        else {
          const parent = waiting.pop();
          if (parent === undefined) throw damaged(this.#path, `${this.#place} has nodes behind its last leaf`);
          nodes.right[parent] = node;
        }
      }
      new Reader(value, this.#path, `node ${k} of ${this.#place}`).#addNode(nodes, best);
    });
    const last = nodes.feature.length - 1;
    if (list.length === 0 || waiting.length > 0 || nodes.left[last] === last + 1) {
      throw damaged(this.#path, `${this.#place} ends before its last leaf`);
    }
    return first;
  }

  /** A node with splits names the next node as its left child, also where it is cut (`Tn`) and counts as a leaf. */
  #addNode(nodes: Nodes, best: number): void {
    const splits = this.#record["splits"];
    const cut = this.#record["Tn"] !== undefined && this.integer("Tn") <= best;
    nodes.vote.push(this.integer("norm_class_idx") > 0 ? 1 : 0);
    nodes.samples.push(this.#record["sample_count"] === undefined ? 0 : this.integer("sample_count"));
    nodes.right.push(0);
    if (splits === undefined) {
      nodes.feature.push(-1);
      nodes.threshold.push(0);
      nodes.left.push(0);
      nodes.quality.push(0);
      return;
    }
    const split = new Reader(Array.isArray(splits) ? splits[0] : undefined, this.#path, `the split of ${this.#place}`);
    const { variable, threshold, inverted } = split.#readSplit();
    if (inverted) nodes.inverted.push(nodes.feature.length);
    nodes.feature.push(cut ? -1 : variable);
    nodes.threshold.push(threshold);
    nodes.left.push(nodes.feature.length);
    nodes.quality.push(split.real("quality"));
  }

  /** Further splits of a node are for missing values, which there are not. */
  #readSplit(): { readonly variable: number; readonly threshold: number; readonly inverted: boolean } {
    const inverted = this.#record["le"] === undefined;
    if (inverted && this.#record["gt"] === undefined) {
      const found = Object.keys(this.#record).find((name) => name !== "var" && name !== "quality") ?? "nothing";
      throw this.unsupported("a split by le or gt (at most, above)", found);
    }
    const variable = this.integer("var");
    if (variable < 0) throw damaged(this.#path, `${this.#place} looks at feature ${variable}`);
    return { variable, threshold: this.real(inverted ? "gt" : "le"), inverted };
  }
}
