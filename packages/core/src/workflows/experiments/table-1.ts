/**
 * The paper's Table 1: where the time of a run goes, and how much room its checkpoints take. One phantom, segmented in a process of its
 * own, then run once more, which takes everything from its checkpoints.
 *
 * Reference: Plaza & Berg, "Large-Scale Electron Microscopy Image Segmentation in Spark", table 1 and the section on checkpoints.
 */
import { availableParallelism } from "node:os";
import { measureRun } from "./measured-run.ts";
import type { ExperimentOptions } from "./table-2.ts";
import { prepareTestVolume } from "./test-volumes.ts";

export interface Table1Request {
  readonly folder: string;
  /** Edge of the phantom in voxels; its subvolumes have 64. */
  readonly size: number;
  readonly workers: number;
}

export interface Table1Row {
  readonly part: string;
  readonly seconds: number;
  readonly voxels_per_second_per_core: number;
  /** null: the paper does not tell. */
  readonly paper_voxels_per_second_per_core: number | null;
}

export interface Table1Result {
  readonly rows: readonly Table1Row[];
  readonly voxels: number;
  readonly subvolumes: number;
  readonly workers: number;
  /** Workers that have a core of their own. */
  readonly cores: number;
  readonly checkpoints: {
    readonly bytes: number;
    /** Labels of the bordered boxes with 8 bytes a voxel. */
    readonly raw_bytes: number;
    /** raw / bytes; the paper has 48. */
    readonly ratio: number;
    /** Subvolumes that came from their checkpoints when the run was started again. */
    readonly restored: number;
    /** Until all labels are there again from their checkpoints. */
    readonly restore_seconds: number;
  };
  readonly peak_bytes: number;
}

/** Its table 1, in voxels per second per core. */
const PAPER = { segment: 5851, stitch: 245_760, write: 12_288 } as const;

/** Both runs start anew, so that a second call measures again. */
export async function experimentTable1(
  request: Table1Request,
  { onStep = () => {}, signal }: ExperimentOptions = {},
): Promise<Table1Result> {
  const call = signal === undefined ? {} : { signal };
  const { workers } = request;
  onStep("volume");
  const { config } = await prepareTestVolume("mushroom-body", { ...request, dataFolder: null }, call);
  onStep("segmenting");
  const run = await measureRun(config, { workers, fresh: true }, call);
  onStep("restoring");
  const restored = await measureRun(config, { workers, fresh: false }, call);
  const { summary, stages } = run;
  const cores = Math.min(workers, availableParallelism());
  const row = (part: string, seconds: number, paper: number | null): Table1Row => ({
    part,
    seconds,
    voxels_per_second_per_core: summary.voxels / seconds / cores,
    paper_voxels_per_second_per_core: paper,
  });
  const [segment, stitch, write] = [stages.segment ?? 0, stages.stitch ?? 0, (stages.write ?? 0) + (stages.pyramid ?? 0)];
  const bytes = summary["checkpoint-bytes"];
  const raw = (bytes / summary["checkpoint-bytes-per-voxel"]) * 8;
  return {
    rows: [
      row("ingestion and segmentation", segment, PAPER.segment),
      row("stitching and remapping", stitch, PAPER.stitch),
      row("writes", write, PAPER.write),
      row("plan, and reading the result back", run.seconds - segment - stitch - write, null),
      row("whole run", run.seconds, null),
    ],
    voxels: summary.voxels,
    subvolumes: summary.subvolumes,
    workers,
    cores,
    checkpoints: {
      bytes,
      raw_bytes: Math.round(raw),
      ratio: raw / bytes,
      restored: restored.summary.restored,
      restore_seconds: restored.stages.segment ?? 0,
    },
    peak_bytes: run.peak_bytes,
  };
}
