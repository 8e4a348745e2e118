import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  countVotes,
  edgeFeatures,
  featureGraph,
  MergeGraph,
  removeInclusions,
  trainVoteForest,
  voteClassifier,
} from "@axonloom/kernels";
import { describe, expect, test } from "vitest";
import { DATA } from "../../../real-data.suite.ts";
import { parseOpenCvForest as parseBytes } from "./opencv-forest.ts";
import { formatOpenCvForest } from "./write-opencv-forest.ts";

const parseOpenCvForest = (text: string, path: string) => parseBytes(new TextEncoder().encode(text), path);

/** x0 <= 0.5 ? -1 : (x1 > 2 ? -1 : 1), as OpenCV 2.4 writes it. */
const yaml = `%YAML:1.0
my_random_trees: !!opencv-ml-random-trees
   nclasses: 2
   nsamples: 20
   nactive_vars: 2
   oob_error: 0.
   ntrees: 1
   is_classifier: 1
   var_all: 2
   var_count: 2
   var_type: [ 0, 0 ]
   cat_map: !!opencv-matrix
      rows: 1
      cols: 2
      dt: i
      data: [ -1, 1 ]
   trees:
      -
         best_tree_idx: -1
         nodes:
            - { depth:0, sample_count:20, value:1., norm_class_idx:1, Tn:0,
                splits: [ { var:0, quality:5.5000000000000000e+00, le:5.0e-01 } ] }
            - { depth:1, sample_count:8, value:-1., norm_class_idx:0, Tn:0 }
            - { depth:1, sample_count:12, value:1., norm_class_idx:1, Tn:0,
                splits: [ { var:1, quality:4., gt:2. }, { var:0, quality:1., le:-.Inf } ] }
            - { depth:2, sample_count:6, value:-1., norm_class_idx:0, Tn:0 }
            - { depth:2, sample_count:6, value:1., norm_class_idx:1, Tn:0 }
`;

/** The same of version 3, as XML. */
const xml = `<?xml version="1.0"?><opencv_storage><opencv_ml_rtrees><format>3</format><is_classifier>1</is_classifier>
<var_all>3</var_all><var_count>2</var_count><class_labels>-1 1</class_labels><oob_error>0.</oob_error><ntrees>1</ntrees><trees>
<_><nodes><_><depth>0</depth><value>1.</value><norm_class_idx>1</norm_class_idx><splits><_><var>0</var><quality>5.5</quality><le>0.5</le></_></splits></_>
<_><depth>1</depth><value>-1.</value><norm_class_idx>0</norm_class_idx></_>
<_><depth>1</depth><value>1.</value><norm_class_idx>1</norm_class_idx><splits><_><var>1</var><quality>4.</quality><gt>2.</gt></_></splits></_>
<_><depth>2</depth><value>-1.</value><norm_class_idx>0</norm_class_idx></_><_><depth>2</depth><value>1.</value><norm_class_idx>1</norm_class_idx></_>
</nodes></_></trees></opencv_ml_rtrees></opencv_storage>`;

test.each([
  ["YAML of 2.4", yaml],
  ["XML of 3", xml],
])("by hand: %s", (_, text) => {
  const forest = parseOpenCvForest(text, "forest");
  expect(forest.features).toBe(2);
  const vote = (...row: number[]) => countVotes(forest, Float32Array.from(row));
  expect([vote(0.5, 9), vote(0.5, 0), vote(0.6, 2.1), vote(0.6, 2)]).toEqual([0, 0, 0, 1]);
  expect(vote(0.6, Number.NaN)).toBe(0); // "gt": what is not at most 2 goes left
});

test("a node that pruning cut votes itself", () => {
  const cut = parseOpenCvForest(yaml.replace("best_tree_idx: -1", "best_tree_idx: 0"), "forest");
  expect(countVotes(cut, Float32Array.of(0, 0))).toBe(1);
});

test("variables are columns by var_idx in 2.4", () => {
  const mapped = yaml.replace("var_all: 2", "var_all: 5").replace("   var_type", "   var_idx: [ 4, 2 ]\n   var_type");
  const forest = parseOpenCvForest(mapped, "forest");
  expect(countVotes(forest, Float32Array.of(9, 9, 2, 9, 0.6))).toBe(1);
  expect(countVotes(forest, Float32Array.of(9, 9, 2, 9, 0.5))).toBe(0);
});

test.each<[string, string, string, RegExp]>([
  ["cut off", xml.slice(0, 700), "E_SOURCE_DAMAGED", /cannot be parsed/],
  [
    "YAML cut off in the middle of a tree",
    yaml.split("\n").slice(0, -3).join("\n"),
    "E_SOURCE_DAMAGED",
    /tree 0 ends before its last leaf/,
  ],
  ["no text of OpenCV's", "hello", "E_SOURCE_DAMAGED", /cannot be parsed/],
  ["empty", "", "E_SOURCE_DAMAGED", /nothing in it|cannot be parsed/],
  ["without trees", yaml.slice(0, yaml.indexOf("   trees:")).replace("ntrees: 1", "ntrees: 0"), "E_SOURCE_DAMAGED", /0 trees/],
  ["fewer trees than it says", yaml.replace("ntrees: 1", "ntrees: 3"), "E_SOURCE_DAMAGED", /says 3 trees and has 1/],
  ["of a regression", yaml.replace("is_classifier: 1", "is_classifier: 0"), "E_SOURCE_UNSUPPORTED", /regression/],
  ["trained on one class", yaml.replace("nclasses: 2", "nclasses: 1"), "E_SOURCE_UNSUPPORTED", /two classes, found one of 1/],
  ["splits by category", yaml.replace("gt:2.", "in:[ 1, 2 ]"), "E_SOURCE_UNSUPPORTED", /le or gt .* found in/],
  ["a feature that is not there", yaml.replace("{ var:1", "{ var:7"), "E_SOURCE_DAMAGED", /looks at feature 7, and there are 2/],
  ["a node too many", yaml.replace(/$/, "            - { norm_class_idx:1 }\n"), "E_SOURCE_DAMAGED", /behind its last leaf/],
])("a forest %s is refused", (_, text, code, message) => {
  expect(() => parseOpenCvForest(text, "c.xml")).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }) as Error,
  );
});

describe.skipIf(!existsSync(join(DATA, "reference-forest")))("gala", () => {
  const read = (name: string) => gunzipSync(readFileSync(join(DATA, "reference-forest", name))).toString();
  const lines = read("gala_train_edges.csv.gz").trim().split("\n").slice(1);
  const numbers = lines.map((line) => line.split(",").map(Number));
  const rows = numbers.map((row) => Float32Array.from(row.slice(2, 37)));

  test("the stored forest gives the stored votes on all 865 rows", () => {
    const forest = parseOpenCvForest(read("gala_rtrees_cv24style.xml.gz"), "gala");
    expect([forest.features, forest.roots.length]).toEqual([35, 255]);
    const votes = rows.map((row) => countVotes(forest, row));
    const p = rows.map(voteClassifier(forest));
    const at = (id1: number, id2: number) => numbers.findIndex((row) => row[0] === id1 && row[1] === id2);
    expect(votes.reduce((sum, n) => sum + n, 0)).toBe(119784);
    expect(p.filter((value) => value <= 0.2).length).toBe(374);
    const right = p.filter((value, k) => value > 0.5 === (numbers[k]![37] === 1)).length;
    expect(((100 * right) / 865).toFixed(2)).toBe("99.42");
    expect(votes.slice(0, 6)).toEqual([252, 254, 255, 255, 2, 253]);
    expect([votes[at(7, 97)], p[at(7, 97)]]).toEqual([174, 0.6823529411764686]);
    expect([votes[at(21, 181)], p[at(21, 181)]]).toEqual([38, 0.14901960784313717]);
    expect([votes[at(25, 63)], p[at(25, 63)]]).toEqual([141, 0.5529411764705867]);
  });

  test("votes from our own features are within one of those from the stored ones", () => {
    const gala = <T extends Uint32Array | Float32Array>(Type: new (buffer: ArrayBuffer) => T, name: string): T => {
      const npy = gunzipSync(readFileSync(join(DATA, "gala", `train-${name}.npy.gz`)));
      return new Type(Uint8Array.from(npy.subarray(10 + npy.readUInt16LE(8))).buffer);
    };
    const graph = featureGraph(gala(Uint32Array, "ws"), gala(Float32Array, "p1"), 1, [50, 100, 200]);
    const merging = new MergeGraph(graph);
    removeInclusions(merging);
    const forest = parseOpenCvForest(read("gala_rtrees_cv24style.xml.gz"), "gala");
    const apart = numbers.map(([id1, id2], k) => {
      const edge = merging.neighbours[graph.ids.indexOf(id1!)]!.get(graph.ids.indexOf(id2!))!;
      return Math.abs(countVotes(forest, Float32Array.from(edgeFeatures(graph, edge))) - countVotes(forest, rows[k]!));
    });
    expect(Math.max(...apart)).toBeLessThanOrEqual(1);
  });

  test("a written forest comes back whole", () => {
    const values = Float32Array.from(numbers.flatMap((row) => row.slice(2, 37)));
    const classes = Uint8Array.from(numbers, (row) => (row[37] === 1 ? 1 : 0));
    const { forest, outOfBagError } = trainVoteForest(values, classes, 35, { seed: 1, trees: 20 });
    const text = formatOpenCvForest(forest, { rows: 865, outOfBagError, maxDepth: 20, minSamples: 10, activeFeatures: 5 });
    const again = parseOpenCvForest(text, "again");
    // leaves name no children
    const leaf = (k: number) => forest.feature[k]! < 0;
    expect(again).toEqual({
      ...forest,
      left: forest.left.map((child, k) => (leaf(k) ? 0 : child)),
      right: forest.right.map((child, k) => (leaf(k) ? 0 : child)),
    });
  });
});
