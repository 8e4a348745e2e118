/** How time and memory of a run grow with the volume and shrink with workers: phantoms of n³ subvolumes, each run in a process of its own. */
import { join } from "node:path";
import { fitPower } from "./fit.ts";
import { measureRun } from "./measured-run.ts";
import type { ExperimentOptions } from "./table-2.ts";
import { PHANTOM_CHUNK, prepareTestVolume } from "./test-volumes.ts";

export interface ScalingRequest {
  readonly folder: string;
  /** Subvolumes along an edge. */
  readonly edges: readonly number[];
  readonly workers: readonly number[];
}

export interface ScalingRow {
  readonly subvolumes: number;
  readonly voxels: number;
  readonly workers: number;
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly peak_bytes: number;
}

/** Seconds, CPU seconds and peak memory ∝ voxels^exponent. */
export interface ScalingFit {
  readonly workers: number;
  readonly time_exponent: number;
  readonly cpu_exponent: number;
  readonly memory_exponent: number;
}

export interface ScalingResult {
  readonly rows: readonly ScalingRow[];
  /** One for each number of workers; empty when only one size was measured. */
  readonly fits: readonly ScalingFit[];
}

/** Every run starts anew. */
export async function experimentScaling(
  request: ScalingRequest,
  { onStep = () => {}, signal }: ExperimentOptions = {},
): Promise<ScalingResult> {
  const call = signal === undefined ? {} : { signal };
  const rows: ScalingRow[] = [];
  for (const edge of request.edges) {
    const subvolumes = edge ** 3;
    onStep(`${subvolumes} subvolumes: volume`);
    const folder = join(request.folder, String(subvolumes));
    const { config } = await prepareTestVolume("mushroom-body", { folder, size: edge * PHANTOM_CHUNK, dataFolder: null }, call);
    for (const workers of request.workers) {
      onStep(`${subvolumes} subvolumes, workers: ${workers}`);
      const { summary, seconds, cpu_seconds, peak_bytes } = await measureRun(config, { workers, fresh: true }, call);
      rows.push({ subvolumes: summary.subvolumes, voxels: summary.voxels, workers, seconds, cpu_seconds, peak_bytes });
    }
  }
  return { rows, fits: request.edges.length < 2 ? [] : request.workers.map((workers) => fitOf(rows, workers)) };
}

function fitOf(rows: readonly ScalingRow[], workers: number): ScalingFit {
  const of = rows.filter((row) => row.workers === workers);
  return {
    workers,
    time_exponent: fitPower(of.map(({ voxels: x, seconds: y }) => ({ x, y }))).exponent,
    cpu_exponent: fitPower(of.map(({ voxels: x, cpu_seconds: y }) => ({ x, y }))).exponent,
    memory_exponent: fitPower(of.map(({ voxels: x, peak_bytes: y }) => ({ x, y }))).exponent,
  };
}
