import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Comparison, type EvaluationResult, evaluateSegmentation, loadEvaluation } from "@axonloom/core";
import { type CommandContext, command, resources, withResources } from "../command.ts";
import { type EngineOptions, engineOf, withEngine } from "../engine.ts";
import { formatCount } from "../format.ts";
import { print, printJson, table } from "../output.ts";
import { openProgress } from "../progress/index.ts";

interface Options extends EngineOptions {
  readonly out?: string;
  readonly strict?: true;
  readonly json?: true;
}

export function evaluateSegmentationCommand({ signal }: CommandContext) {
  return withEngine(
    withResources(
      command(
        "evaluate-segmentation",
        "Measure a segmentation as a whole, body by body and place by place, as a configuration says.",
        "evaluate-segmentation evaluation.yml",
        "evaluate-segmentation evaluation.yml --out results --engine spark-local[4]",
      ).argument("<config>", "configuration file, .json or .yml"),
    ),
  )
    .option("--out <folder>", "folder of the results, in place of output.destination")
    .option("--strict", "end with an error where volumes differ in extent or points lie outside")
    .option("--json", "print the exact result as JSON")
    .action(async (path: string, options: Options) => {
      const changes = options.out === undefined ? {} : { destination: options.out };
      const config = await loadEvaluation(path, changes, { signal });
      const engine = engineOf(options, config.coresPerTask);
      const progress = openProgress(false);
      try {
        const result = await evaluateSegmentation(config, {
          ...resources(options),
          ...(engine !== null && { engine }),
          strict: options.strict === true,
          signal,
          onEvent: progress.follow,
        });
        progress.close();
        if (config.debug && !options.json)
          print(`DEBUG: ${(await readFile(join(config.destination, "metrics.json"), "utf8")).trimEnd()}`);
        if (options.json) printJson(result);
        else print(resultTables(result, config.destination));
      } finally {
        progress.close();
      }
    });
}

function resultTables(result: EvaluationResult, folder: string): string {
  return [...result.comparisons.map(comparisonTable), table([["results", folder]])].join("\n\n");
}

function comparisonTable({ type, measures: m, edits, left_out }: Comparison): string {
  const digits = (name: "merge_vi" | "split_vi" | "vi" | "rand" | "adapted_rand_error" | "cremi_score"): [string, string] => [
    name,
    m[name].toFixed(4),
  ];
  return table([
    ["compared", type],
    digits("merge_vi"),
    digits("split_vi"),
    digits("vi"),
    digits("rand"),
    digits("adapted_rand_error"),
    digits("cremi_score"),
    [
      "bodies",
      `${formatCount(m.ground_truth_bodies)} in the ground truth, ${formatCount(m.segmentation_bodies)} in the segmentation`,
    ],
    ["counted", `${formatCount(m.size)} (${formatCount(left_out)} left out: bodies below the threshold)`],
    ...edits.map(({ percent, splits, merges }): [string, string] => [
      `edits to ${percent} %`,
      `${formatCount(splits)} splits, ${formatCount(merges)} merges`,
    ]),
  ]);
}
