/** Writes a forest as OpenCV 2.4 does (`CvRTrees`, XML), so that NeuroProof and every later OpenCV open it. Classes are -1 and 1. */
import type { VoteForest } from "@axonloom/kernels";

export interface ForestFacts {
  readonly rows: number;
  readonly outOfBagError: number;
  readonly maxDepth: number;
  readonly minSamples: number;
  readonly activeFeatures: number;
}

/** The text of the file. */
export function formatOpenCvForest(forest: VoteForest, facts: ForestFacts): string {
  const d = forest.features;
  const lines = [
    '<?xml version="1.0"?>',
    "<opencv_storage>",
    '<my_random_trees type_id="opencv-ml-random-trees">',
    ...element("nclasses", 2),
    ...element("nsamples", facts.rows),
    ...element("nactive_vars", facts.activeFeatures),
    ...element("oob_error", real(facts.outOfBagError)),
    ...element("ntrees", forest.roots.length),
    ...element("is_classifier", 1),
    ...element("var_all", d),
    ...element("var_count", d),
    ...element("ord_var_count", d),
    ...element("cat_var_count", 0),
    "  <training_params>",
    ...[
      ["use_surrogates", 0],
      ["max_categories", 15],
      ["max_depth", facts.maxDepth],
      ["min_sample_count", facts.minSamples],
      ["cross_validation_folds", 0],
    ].map(([name, value]) => `    <${name}>${value}</${name}>`),
    ...matrix("priors", "d", [real(0.5), real(0.5)], "    "),
    "  </training_params>",
    ...element("var_type", new Array(d).fill(0).join(" ")),
    ...matrix("cat_count", "i", ["2"], "  "),
    ...matrix("cat_map", "i", ["-1", "1"], "  "),
    "  <trees>",
  ];
  for (const root of forest.roots) {
    lines.push("    <_>", "      <best_tree_idx>-1</best_tree_idx>", "      <nodes>");
    writeNode(forest, root, 0, lines);
    lines.push("      </nodes>", "    </_>");
  }
  lines.push("  </trees>", "</my_random_trees>", "</opencv_storage>", "");
  return lines.join("\n");
}

function writeNode(forest: VoteForest, node: number, depth: number, lines: string[]): void {
  const { feature, threshold, left, right, vote, samples, quality } = forest;
  const parts = [
    `<depth>${depth}</depth><sample_count>${samples[node]}</sample_count>`,
    `<value>${vote[node] === 1 ? "1." : "-1."}</value><norm_class_idx>${vote[node]}</norm_class_idx>`,
    "<Tn>0</Tn><complexity>0</complexity><alpha>0.</alpha>",
    "<node_risk>0.</node_risk><tree_risk>0.</tree_risk><tree_error>0.</tree_error>",
  ];
  if (feature[node]! < 0) {
    lines.push(`        <_>${parts.join("")}</_>`);
    return;
  }
  const split = `<var>${feature[node]}</var><quality>${real(quality[node]!)}</quality><le>${real(threshold[node]!)}</le>`;
  lines.push(`        <_>${parts.join("")}`, `          <splits><_>${split}</_></splits></_>`);
  writeNode(forest, left[node]!, depth + 1, lines);
  writeNode(forest, right[node]!, depth + 1, lines);
}

function element(name: string, value: string | number): string[] {
  return [`  <${name}>${value}</${name}>`];
}

function matrix(name: string, type: "d" | "i", values: readonly string[], indent: string): string[] {
  return [
    `${indent}<${name} type_id="opencv-matrix">`,
    `${indent}  <rows>1</rows><cols>${values.length}</cols><dt>${type}</dt>`,
    `${indent}  <data>${values.join(" ")}</data></${name}>`,
  ];
}

/** 17 digits, as OpenCV: `5.3331726074218750e+02`, `1.`. */
function real(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return `${value}.`;
  return value.toExponential(16).replace(/e([+-])(\d)$/, "e$10$2");
}
