/**
 * Evaluate a segmentation: the paper's second workflow on any engine. Measures of the whole, of bodies, and place by place.
 *
 * @example
 * const config = await loadEvaluation("evaluation.yml");
 * const { comparisons, subvolumes } = await evaluateSegmentation(config);
 * console.log(comparisons[0].measures.vi, subvolumes.length);
 */
import type { CallOptions } from "../../call-options.ts";
import { type EngineFactory, localEngineFactory } from "../../engine/index.ts";
import { endLeftover } from "../../engine/spark/leftover.ts";
import { AxonloomError } from "../../errors.ts";
import type { EvaluationResult } from "../../evaluate/result.ts";
import type { RunListener } from "../../run/events.ts";
import { ProgressCounter } from "../create-segmentation/context.ts";
import type { WorkerOptions } from "../create-segmentation/plan.ts";
import { assemble, type Evaluated } from "./assemble.ts";
import { compareAll } from "./compare.ts";
import type { EvaluationConfig } from "./config.ts";
import { storeMetrics, writeEvaluation } from "./output.ts";
import { checkDestination, openPlace } from "./place.ts";
import { type EvaluationPlan, type PlanEvaluationOptions, planEvaluation } from "./plan.ts";

export interface EvaluateSegmentationOptions extends PlanEvaluationOptions, WorkerOptions {
  /** Where the work runs; absent: worker threads of this process, by `workers` and `memoryBytes`. */
  readonly engine?: EngineFactory;
  readonly onEvent?: RunListener;
}

/**
 * Compares, and writes the folder of results, which takes the place of an earlier evaluation of that name in one step. `E_EVALUATE` when
 * there is nothing to compare, `E_DESTINATION_EXISTS` when something else lies there.
 */
export async function evaluateSegmentation(
  config: EvaluationConfig,
  options: EvaluateSegmentationOptions = {},
): Promise<EvaluationResult> {
  await checkDestination(config.destination);
  const began = new Date();
  try {
    const plan = await planEvaluation(config, options);
    const place = await openPlace(config.destination);
    try {
      const evaluated = await compareVolumes(config, plan, place.workFolder, options);
      const seconds = (Date.now() - began.getTime()) / 1000;
      const writing = { began, seconds, ...signalOf(options) };
      const metrics = await writeEvaluation(place.resultFolder, config, evaluated, writing);
      await place.publish();
      await storeMetrics(config, metrics, writing);
      return evaluated.result;
    } finally {
      await place.close();
    }
  } catch (error) {
    if (options.signal?.aborted) throw new AxonloomError("E_INTERRUPTED", "interrupted; nothing was written", {}, error);
    throw error;
  }
}

function signalOf({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}

/** @param runFolder for what leaves memory. */
async function compareVolumes(
  config: EvaluationConfig,
  plan: EvaluationPlan,
  runFolder: string,
  options: EvaluateSegmentationOptions,
): Promise<Evaluated> {
  const listening = new AbortController();
  const emit: RunListener = (event) => {
    try {
      options.onEvent?.(event);
    } catch (error) {
      listening.abort(error);
    }
  };
  const counter = new ProgressCounter(emit);
  const signal = AbortSignal.any([listening.signal, ...(options.signal ? [options.signal] : [])]);
  const { workers, memoryBytes } = options;
  const local = { coresPerTask: config.coresPerTask, ...(workers && { workers }), ...(memoryBytes && { memoryBytes }) };
  const makeEngine = options.engine ?? localEngineFactory(local);
  const engine = await makeEngine({ bytesPerTask: plan.bytesPerTask, runFolder, onEvent: counter.listen });
  try {
    if (engine.name !== "spark") await endLeftover(runFolder, { onEvent: counter.listen, signal });
    const { subvolumes, faces, bytesPerTask } = plan;
    emit({
      event: "planned",
      subvolumes: subvolumes.length,
      iterations: 1,
      faces: faces.length,
      workers: engine.slots,
      "bytes-per-worker": bytesPerTask,
      resumed: false,
    });
    for (const message of plan.warnings) emit({ event: "warning", message });
    const evaluated = assemble(config, plan, await compareAll({ config, plan, engine, counter, signal }));
    for (const message of evaluated.result.warnings.slice(plan.warnings.length)) emit({ event: "warning", message });
    listening.signal.throwIfAborted();
    return evaluated;
  } finally {
    await engine.close();
  }
}
