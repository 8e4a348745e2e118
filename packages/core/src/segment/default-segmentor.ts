/**
 * The default segmentor: background-mask → predict-voxels → create-supervoxels → agglomerate-supervoxels, each step a plug-in.
 *
 *   gray ─ background-mask ─ AND inside ─┬─ predict-voxels ─┐
 *                                        │                  ├─ create-supervoxels ─ agglomerate ─ 1…n in scan order
 *                  preserved bodies ─────┴─ taken out ──────┘
 *
 * `memory.ts` says what each step holds.
 */
import { renumber } from "@axonloom/kernels";
import { decideMatches } from "../stitch/policy.ts";
import type { Evidence, Match, StitchPolicy } from "../stitch/types.ts";
import { checkPredictions } from "./checks.ts";
import { runIsolated } from "./isolation.ts";
import { andInto, without } from "./masks.ts";
import { type ResolvedStep, resolveStep } from "./plugins.ts";
import { pythonReference } from "./python/reference.ts";
import { runPythonStep } from "./python/step.ts";
import { runStep, type StepArguments } from "./run-step.ts";
import type { Mask, Predictions, SegmentInput, Segmentor, SegmentorConfig, StepName } from "./types.ts";

/** Runs the four configured steps; a step's function is resolved when it is first needed. Throws what resolving and running steps throw. */
export class DefaultSegmentor implements Segmentor {
  readonly #configuration: SegmentorConfig["configuration"];
  readonly #resolved = new Map<StepName, Promise<ResolvedStep>>();

  constructor(configuration: SegmentorConfig["configuration"]) {
    this.#configuration = configuration;
  }

  async segment(input: SegmentInput): Promise<Uint32Array> {
    return renumber(await this.#labels(input)).labels;
  }

  stitch(evidence: Evidence, policy: StitchPolicy): Match[] {
    return decideMatches(evidence, policy);
  }

  async #labels(input: SegmentInput): Promise<Uint32Array> {
    const { subvolume, bordered, core, voxelSizeNm, volume, logger, signal, inside } = input;
    const gray = input.gray.data;
    const place = { subvolume, bordered, core, shape: input.gray.shape, voxelSizeNm, ...(volume !== undefined && { volume }) };
    const context: StepArguments = { ...place, logger, signal, inside };

    let mask = andInto(await this.#run<Mask>("background-mask", { ...context, gray }), inside);
    const predictions = await this.#predictions(input, { ...context, gray, mask });
    mask = without(mask, input.preserved, gray.length); // in the same variable, so that the former can go
    const supervoxels = await this.#run<Uint32Array>("create-supervoxels", { ...context, predictions, mask });
    return this.#run<Uint32Array>("agglomerate-supervoxels", { ...context, gray, predictions, mask, supervoxels });
  }

  async #predictions(input: SegmentInput, step: StepArguments): Promise<Predictions> {
    const kept = await input.predictionCache?.load();
    if (kept) return checkPredictions(kept, { plugin: "predict-voxels (checkpoint)", ...input });
    const predictions = await this.#run<Predictions>("predict-voxels", step);
    await input.predictionCache?.save(predictions);
    return predictions;
  }

  async #run<T>(stepName: StepName, input: StepArguments): Promise<T> {
    input.signal.throwIfAborted();
    const config = this.#configuration[stepName];
    const python = pythonReference(config);
    if (python !== null) return (await runPythonStep(python, config, stepName, input)) as T;
    if (config["use-subprocess"]) return (await runIsolated(config, stepName, input)) as T;
    return (await runStep(await this.#resolve(stepName), stepName, input)) as T;
  }

  #resolve(stepName: StepName): Promise<ResolvedStep> {
    const known = this.#resolved.get(stepName);
    if (known !== undefined) return known;
    const step = resolveStep(this.#configuration[stepName], stepName);
    this.#resolved.set(stepName, step);
    return step;
  }
}
