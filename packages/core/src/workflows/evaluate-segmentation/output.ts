/** The files of an evaluation. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { bodiesCsv, heatMapCsv } from "../../evaluate/csv.ts";
import { headMetrics } from "../../evaluate/head-metrics.ts";
import type { EvaluationResult } from "../../evaluate/result.ts";
import { reasonOf, writeFailed } from "../../fs-errors.ts";
import { evaluationReport, reportHtml } from "../../report/index.ts";
import { type Evaluated, listsOf } from "./assemble.ts";
import type { EvaluationConfig } from "./config.ts";
import { writeHeatMap } from "./heat-map.ts";

const RESULT = "evaluation.json";

export interface WriteEvaluationOptions extends CallOptions {
  readonly began: Date;
  readonly seconds: number;
}

/** Reads the result in the folder of an evaluation. `E_EVALUATE` when there is none. */
export async function readEvaluation(folder: string, options: CallOptions = {}): Promise<EvaluationResult> {
  const path = join(folder, RESULT);
  try {
    const result = JSON.parse(await readFile(path, { encoding: "utf8", ...options })) as EvaluationResult;
    if (result.format === "axonloom-evaluation" && result.version === 1) return result;
    throw new Error("it has another format");
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new AxonloomError(
      "E_EVALUATE",
      `${path}: expected the result of axonloom evaluate-segmentation, but it cannot be read: ${reasonOf(error)}`,
      { path },
      error,
    );
  }
}

/** Writes all files into `folder`, which is made; the text of the metrics. */
export async function writeEvaluation(
  folder: string,
  config: EvaluationConfig,
  evaluated: Evaluated,
  options: WriteEvaluationOptions,
): Promise<string> {
  const { result, measured } = evaluated;
  try {
    await mkdir(folder, { recursive: true });
    const write = (name: string, text: string) => writeFile(join(folder, name), text);
    await write(RESULT, `${JSON.stringify(result, null, 1)}\n`);
    const lists = measured.map((each) => listsOf(each, Infinity));
    const withAll = result.comparisons.map((comparison, k) => ({ ...comparison, ...lists[k] }));
    const metrics = JSON.stringify(metricsOf(config, { ...result, comparisons: withAll }, options));
    await write("metrics.json", `${metrics}\n`);
    await write("bodies.csv", bodiesCsv(lists[0]!));
    await write("report.html", await reportHtml(evaluationReport(result)));
    if (result.subvolumes.length > 0) {
      await write("heat-map.csv", heatMapCsv(result.subvolumes));
      await writeHeatMap(join(folder, "heat-map"), config.chunk, result, options);
    }
    options.signal?.throwIfAborted();
    return metrics;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AxonloomError) throw error;
    throw writeFailed(folder, error);
  }
}

function metricsOf(config: EvaluationConfig, result: EvaluationResult, { began, seconds }: WriteEvaluationOptions) {
  const { measures, noTruth, listLength, resolved } = config;
  return {
    ...headMetrics(result, { measures, noTruth, listLength }),
    "time-analyzed": began.toISOString(),
    runtime: Math.round(seconds * 1000) / 1000,
    "config-file": resolved,
  };
}

/** Keeps the metrics where the configuration wants them beside the folder. */
export async function storeMetrics(
  { user, metrics }: EvaluationConfig,
  text: string,
  { began, signal }: WriteEvaluationOptions,
): Promise<void> {
  if (metrics === null) return;
  const { place, location } = metrics;
  const { putMetrics } = await import("./dvid.ts");
  await putMetrics(place, { location, user, began }, text, signal === undefined ? {} : { signal });
}
