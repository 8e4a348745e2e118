/**
 * Looks whether a run would work, and how well: this machine, the configuration, and Spark when the run is for it.
 *
 * @example
 * for (const { name, status, found } of await examine({ configPath: "my-volume.yml" })) console.log(status, name, found);
 */
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { type Config, loadConfig } from "../config/index.ts";
import { type Check, failed, failedBy, ok, warning } from "../engine/check.ts";
import { gib, machineMemory, RESERVED_BYTES } from "../engine/machine.ts";
import { examineSpark } from "../engine/spark/doctor.ts";
import type { SparkEngineFactoryOptions } from "../engine/spark/factory.ts";
import { checkOutput } from "./create-segmentation/index.ts";
import { planRun, planWorkers, type RunPlan, type WorkerOptions } from "./create-segmentation/plan.ts";

export interface ExamineOptions extends CallOptions, WorkerOptions {
  /** The configuration of the run; without it nothing is known of its memory and its folders. */
  readonly configPath?: string;
  /** The run is for Spark, with these options; absent: for the local engine. */
  readonly spark?: SparkEngineFactoryOptions;
}

const MINIMUM_NODE = [20, 19] as const;

/** In the order in which they matter. Nothing stays behind; a Spark server is started and stopped when the run would start one. */
export async function examine(options: ExamineOptions = {}): Promise<Check[]> {
  const checks = [checkNode(), checkMachine()];
  const run = options.configPath === undefined ? null : await readRun(options.configPath, options, checks);
  if (options.spark === undefined) {
    if (run !== null) checks.push(checkWorkers(run.config, run.plan, options));
  }
  checks.push(await checkDisk(run));
  if (options.spark !== undefined) {
    const demand = {
      bytesPerTask: run?.plan.bytesPerTask ?? null,
      coresPerTask: run?.config.coresPerTask ?? 1,
      runFolder: run?.config.runFolder ?? process.cwd(),
      ...(options.memoryBytes !== undefined && options.spark.url === undefined && { memoryBytes: options.memoryBytes }),
    };
    checks.push(...(await examineSpark({ ...options.spark, coresPerTask: demand.coresPerTask }, demand)));
  }
  return checks;
}

interface Run {
  readonly config: Config;
  readonly plan: RunPlan;
}

/** null: there is something wrong with it, which is among the checks now. */
async function readRun(path: string, options: CallOptions, checks: Check[]): Promise<Run | null> {
  const name = "configuration";
  try {
    const config = await loadConfig(path, options);
    const plan = await planRun(config, options);
    await checkOutput(config);
    checks.push(ok(name, `${plan.subvolumes.length} subvolume(s), ${gib(plan.bytesPerTask)} planned for one`));
    return { config, plan };
  } catch (error) {
    checks.push(failedBy(name, error));
    return null;
  }
}

function checkNode(): Check {
  const { node } = process.versions;
  const [major, minor] = node.split(".").map(Number) as [number, number];
  const good = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  const found = `${node}, ${process.arch}`;
  if (good) return ok("Node.js", found);
  return failed("Node.js", "E_USAGE", found, `expected ${MINIMUM_NODE.join(".")} or newer; install it`);
}

function checkMachine(): Check {
  const memory = machineMemory();
  return ok("this machine", `${availableParallelism()} core(s), ${gib(memory)} of memory`);
}

function checkWorkers(config: Config, plan: RunPlan, options: WorkerOptions): Check {
  const name = "workers";
  try {
    const { slots, bytesPerTask, cores } = planWorkers(config, plan, options);
    const found = `${slots} of ${gib(bytesPerTask)}`;
    const full = Math.floor(cores / config.coresPerTask);
    if (options.workers !== undefined || slots >= full) return ok(name, found);
    const needed = full * bytesPerTask + RESERVED_BYTES;
    const advice = `${full} could work at once with ${gib(needed)} of memory; a smaller chunk-size needs less`;
    return warning(name, found, advice);
  } catch (error) {
    return failedBy(name, error);
  }
}

/** Labels and checkpoints are compressed: a byte a voxel is far more than a volume has ever needed. */
async function checkDisk(run: Run | null): Promise<Check> {
  const folder = resolve(run?.config.runFolder ?? ".");
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const found = `${gib(free)} free at ${folder}`;
  if (run === null || free >= run.plan.voxelsExpected) return ok("disk", found);
  const advice = `expected ${gib(run.plan.voxelsExpected)} (a byte a voxel) to be safe, for checkpoints and the result; free some, or set checkpoint-dir and output to another disk`;
  return warning("disk", found, advice);
}
