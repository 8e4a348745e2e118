/**
 * Create a segmentation: the paper's main workflow on any engine.
 *
 * @example
 * const config = await loadConfig("example.json");
 * const { summary } = await createSegmentation(config, { onEvent: (event) => console.log(JSON.stringify(event)) });
 * console.log(summary.digest);
 */
import type { CallOptions } from "../../call-options.ts";
import type { Config } from "../../config/index.ts";
import { type EngineFactory, localEngineFactory } from "../../engine/index.ts";
import { endLeftover } from "../../engine/spark/leftover.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { toXyz } from "../../geometry/box.ts";
import { deletePrefix, type KeyValueStore, openKeyValue, putJson, sweepTemporary } from "../../keyvalue/index.ts";
import type { CoverageCertificate, RunListener, RunSummary } from "../../run/events.ts";
import { lockRunFolder } from "../../run/lock.ts";
import { openRunLog } from "../../run/log-file.ts";
import { readCertificate, readState, readSummary, StateKeeper, saveResult } from "../../run/state.ts";
import { parseUserReference } from "../../segment/user-module.ts";
import { normaliseDestination, openVolume } from "../../store/index.ts";
import { pyramidTasks } from "../pyramid.ts";
import { ProgressCounter, type RunContext } from "./context.ts";
import { indexBodies } from "./index-bodies.ts";
import { indexHands } from "./index-hands.ts";
import { checkDestination, isFinished, OUTPUT_PREFIXES, publishOutput } from "./output.ts";
import { planRun, planWorkers, type RunPlan, type WorkerOptions } from "./plan.ts";
import { checkPreservedMapping } from "./preserved-mapping.ts";
import { writePyramid } from "./pyramid.ts";
import { recordKeyOf, recordRun } from "./record.ts";
import { borderedVoxels, type Segmented, segmentAll, segmentedAgain } from "./segment.ts";
import { withNewSessions } from "./sessions.ts";
import { findEvidence, stitchAll } from "./stitch.ts";
import { verifyAll, type Written, writeAll } from "./write.ts";
import { digestResult } from "./written-mask.ts";

export interface CreateSegmentationOptions extends CallOptions, WorkerOptions {
  /** Where the work runs; absent: worker threads of this process, by `workers` and `memoryBytes`. */
  readonly engine?: EngineFactory;
  /** Forget everything that an earlier run left in the run folder. */
  readonly fresh?: boolean;
  /** false: the folder's configuration and summary stay those of its own run (used by `restitch` into another output). */
  readonly record?: boolean;
  /**
   * The driver holds so many matches, at up to 64 bytes each; more are resolved by the tasks, with the same result. 0: always by the tasks.
   * Absent: 50 million.
   */
  readonly driverMatches?: number;
  readonly onEvent?: RunListener;
}

const DRIVER_MATCHES = 50_000_000;

export interface CreateSegmentationResult {
  readonly summary: RunSummary;
  readonly certificate: CoverageCertificate;
}

/**
 * Runs, or resumes, a segmentation. What cannot work is refused before anything is written. An abort by `signal` leaves a run folder
 * from which the same call goes on.
 */
export async function createSegmentation(
  config: Config,
  options: CreateSegmentationOptions = {},
): Promise<CreateSegmentationResult> {
  const plan = await planRun(config, options);
  if (options.engine === undefined) planWorkers(config, plan, options); // refuses before anything is written
  const lock = await lockRunFolder(config.runFolder);
  try {
    const store = openKeyValue(config.runFolder);
    await sweepTemporary(store); // of a process that was killed
    try {
      await checkDestination(store, plan.output.destination, config);
    } catch (error) {
      const result = isLocked(error) ? await finishedBefore(config, plan, store, options) : null;
      if (result === null) throw error;
      return result;
    }
    await checkPreservedMapping(plan.preserved, plan.output.destination, options);
    if (options.fresh) await forget(store);
    return await runLocked(config, plan, store, options);
  } finally {
    await lock.release();
  }
}

function isLocked(error: unknown): boolean {
  return isAxonloomError(error) && error.code === "E_DVID_LOCKED";
}

/** What the run folder says of this very run, if it had ended when the version that it wrote was committed. */
async function finishedBefore(
  config: Config,
  { output: { destination } }: RunPlan,
  store: KeyValueStore,
  { fresh = false, record = true, onEvent }: CreateSegmentationOptions,
): Promise<CreateSegmentationResult | null> {
  if (fresh || !record || !(await isFinished(store, destination, config))) return null;
  const [state, summary, certificate] = await Promise.all([readState(store), readSummary(store), readCertificate(store)]);
  if (summary === null || certificate === null || state?.status !== summary.status) return null;
  const key = recordKeyOf(summary.digest);
  const message = `this run had ended when its version was committed, so there is nothing to do: ${destination} has its record (${key})`;
  onEvent?.({ event: "warning", message });
  onEvent?.({ event: "finished", ...summary });
  return { summary, certificate };
}

/** Whether the output can be written where the configuration says; refuses as {@link createSegmentation} would. */
export async function checkOutput(config: Config): Promise<void> {
  const destination = await normaliseDestination(config.output.destination);
  await checkDestination(openKeyValue(config.runFolder), destination, config);
}

async function runLocked(
  config: Config,
  plan: RunPlan,
  store: KeyValueStore,
  options: CreateSegmentationOptions,
): Promise<CreateSegmentationResult> {
  const log = openRunLog(config.runFolder, { debug: config.debug });
  const state = new StateKeeper(store);
  const record = options.record !== false;
  // What listens must not bring down what works: the first failure ends the run in order.
  const listening = new AbortController();
  const emit: RunListener = (event) => {
    try {
      log.follow(event);
      if (record) state.follow(event);
      options.onEvent?.(event);
    } catch (error) {
      listening.abort(error);
    }
  };
  const counter = new ProgressCounter(emit);
  const { workers, memoryBytes, driverMatches = DRIVER_MATCHES } = options;
  const local = { coresPerTask: config.coresPerTask, ...(workers && { workers }), ...(memoryBytes && { memoryBytes }) };
  const makeEngine = options.engine ?? localEngineFactory(local);
  const signal = AbortSignal.any([listening.signal, ...(options.signal ? [options.signal] : [])]);
  const began = performance.now();
  const resumed = (await readState(store)) !== null;
  const runOnce = async (lost: number) => {
    const engine = await makeEngine({ bytesPerTask: plan.bytesPerTask, runFolder: config.runFolder, onEvent: counter.listen });
    try {
      // The Spark engine has done it, with what it knows of its server.
      if (engine.name !== "spark") await endLeftover(config.runFolder, { onEvent: counter.listen, signal });
      const preserved = plan.preserved === null ? null : await engine.broadcast(plan.preserved);
      const run: RunContext = { config, plan, engine, store, preserved, driverMatches, emit, signal };
      emit({
        event: "planned",
        subvolumes: plan.subvolumes.length,
        iterations: plan.iterations.length,
        faces: plan.faces.length,
        workers: engine.slots,
        "bytes-per-worker": plan.bytesPerTask,
        resumed: resumed || lost > 0,
      });
      if (record) await putJson(store, "config.json", config.resolved);
      if (lost === 0) warn(run);
      return await runSteps(run, counter, began);
    } finally {
      await engine.close();
    }
  };
  try {
    const result = await withNewSessions(runOnce, emit, { signal });
    if (record) await saveResult(store, result.summary, result.certificate);
    emit({ event: "finished", ...result.summary });
    if (record) await state.end(result.summary.status, null);
    listening.signal.throwIfAborted();
    return result;
  } catch (error) {
    const interrupted = options.signal?.aborted === true;
    const failure = interrupted
      ? new AxonloomError("E_INTERRUPTED", `interrupted; the same command goes on from ${config.runFolder}`, {}, error)
      : listening.signal.aborted
        ? listening.signal.reason
        : error;
    const message = failure instanceof Error ? failure.message : String(failure);
    // The failure itself matters more than that it could not be noted.
    await Promise.allSettled([
      Promise.resolve().then(() => log.error(failure)),
      record ? state.end(interrupted ? "interrupted" : "failed", message) : null,
    ]);
    throw failure;
  } finally {
    log.close();
  }
}

/** The steps of the paper, from top to bottom. */
async function runSteps(run: RunContext, counter: ProgressCounter, began: number): Promise<CreateSegmentationResult> {
  const { plan } = run;
  const n = plan.subvolumes.length;
  const bordered = (key: string) => borderedVoxels(plan.subvolumes[Number(key)]!);

  const segmented = await counter.stage("segment", n, () => segmentAll(run), bordered);
  const faces = await findEvidence(run, segmented);
  const facesTotal = faces.toCount.length + faces.decidable.length;
  const stitched = await counter.stage("stitch", facesTotal, () => stitchAll(run, segmented, faces));
  if (stitched.ids.total === 0) {
    run.emit({
      event: "warning",
      message:
        "not a single segment was found: look at the range of the grey values, at the thresholds of the steps, and at the mask",
    });
  }
  const written = await counter.stage("write", n, () => writeAll(run, segmented, stitched));
  if (!written.published) {
    const { bodies } = await openVolume(written.volume);
    const within = bodies === undefined ? [] : await bodies.noted({ signal: run.signal });
    const levels =
      bodies === undefined
        ? await pyramidTasks(written.volume, { signal: run.signal })
        : await pyramidTasks(bodies.supervoxels, { signal: run.signal, within });
    await counter.stage("pyramid", levels.flat().length, () => writePyramid(run, levels));
    if (bodies !== undefined) {
      const tasks = within.length + indexHands(within.length);
      await counter.stage("index", tasks, () => indexBodies(run, written.volume, within));
    }
  }
  const verified = plan.preserved === null ? null : await counter.stage("verify", n, () => verifyAll(run, segmented, written));
  const certificate = certify(plan, segmented, written, verified);
  // Before anybody may take it for the result.
  const { digest, labelled } = await digestResult(run, written.volume, segmented);
  if (labelled !== written.labelled) {
    const output = plan.output.destination;
    throw new AxonloomError(
      "E_VERIFY_FAILED",
      `output ${output}: expected ${written.labelled} voxels with a body, found ${labelled} when reading it back; something else has changed it. Run again with --fresh`,
      { output, expected: written.labelled, found: labelled },
    );
  }
  await segmented.rows.unpersist();
  const again = await segmentedAgain(run);
  if (again > 0) {
    const message = `${again} subvolumes were segmented again: with checkpoint: none their labels went with the executors that had them`;
    run.emit({ event: "warning", message });
  }

  const voxels = plan.subvolumes.reduce((sum, subvolume) => sum + borderedVoxels(subvolume), 0);
  const summaryOf = (output: string): RunSummary => ({
    status: certificate.complete ? "complete" : "incomplete",
    digest,
    bodies: written.bodies,
    segments: stitched.ids.total,
    matches: stitched.resolution.matches,
    subvolumes: n,
    restored: segmented.restored,
    "segmented-again": again,
    quarantined: segmented.gaps.length,
    faces: plan.faces.length,
    voxels: written.voxels,
    "checkpoint-bytes": segmented.bytes,
    "checkpoint-bytes-per-voxel": segmented.bytes / voxels,
    seconds: (performance.now() - began) / 1000,
    input: plan.input.source,
    output,
    "run-folder": run.config.runFolder,
  });
  // A volume that is written in place has its record before it is marked as done: the version may be committed at any time then.
  await recordRun(run, written.volume, summaryOf(plan.output.destination), certificate);
  const output = written.published ? written.volume : await publishOutput(run, certificate.complete);
  return { certificate, summary: summaryOf(output) };
}

function certify(plan: RunPlan, segmented: Segmented, written: Written, verified: number | null): CoverageCertificate {
  const complete = segmented.gaps.length === 0;
  const missing = segmented.gaps.reduce((sum, { voxels }) => sum + voxels, 0);
  if (written.voxels + missing !== plan.voxelsExpected) {
    throw new AxonloomError(
      "E_VERIFY_FAILED",
      `expected ${plan.voxelsExpected - missing} voxels written, found ${written.voxels}: please report this`,
    );
  }
  return {
    complete,
    "voxels-expected": plan.voxelsExpected,
    "voxels-written": written.voxels,
    "voxels-labelled": written.labelled,
    "voxels-preserved-verified": verified,
    gaps: segmented.gaps,
  };
}

function warn({ plan, config, emit }: RunContext): void {
  for (const message of plan.warnings) emit({ event: "warning", message });
  const { bounds } = plan.input.info;
  if (plan.roiCut) {
    emit({
      event: "warning",
      message: `the region of interest reaches beyond the volume (x, y, z ${toXyz(bounds.start)} to ${toXyz(bounds.stop)}): it was cut`,
    });
  }
  if (plan.subvolumes.length > 1 && plan.faces.length === 0 && config.stitch.algorithm !== "none") {
    emit({
      event: "warning",
      message: "no two subvolumes overlap (border 0, or none that touch): nothing is stitched",
    });
  }
  const predict = config.segmentor.configuration["predict-voxels"];
  if (
    plan.subvolumes.length > 1 &&
    parseUserReference(config.segmentor.class) === null &&
    predict.function.endsWith("naive_membrane_predictions") &&
    predict.parameters["range"] === undefined
  ) {
    emit({
      event: "warning",
      message:
        "naive_membrane_predictions without range takes the smallest and largest grey of each subvolume, so neighbours may differ: " +
        "set range to the darkest and brightest grey of the volume",
    });
  }
  if (config.checkpoint === "none")
    emit({ event: "warning", message: "checkpoint: none. A crash or a stop loses all segmented subvolumes" });
}

/** Everything but the lock, which is ours, and the record of outputs: what this run made it may replace. */
async function forget(store: KeyValueStore): Promise<void> {
  for (const prefix of ["labels/", "predictions/", "evidence/", OUTPUT_PREFIXES.written]) await deletePrefix(store, prefix);
  for (const key of ["state.json", "summary.json", "certificate.json", "config.json", "log.jsonl"]) await store.delete(key);
}
