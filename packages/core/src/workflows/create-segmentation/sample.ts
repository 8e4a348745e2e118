/** Segments one subvolume, to estimate how long a run takes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import type { Config } from "../../config/index.ts";
import { fromPlainError } from "../../errors.ts";
import { restrictRoi } from "../../geometry/roi.ts";
import { silentLogger } from "../../log.ts";
import { labelsName } from "./fingerprints.ts";
import type { RunPlan } from "./plan.ts";
import { borderedVoxels } from "./segment.ts";
import { segmentSubvolume } from "./segment-stage.ts";

export interface Sample {
  readonly subvolume: number;
  /** Voxels of the bordered box. */
  readonly voxels: number;
  readonly seconds: number;
  readonly segments: number;
}

/** Segments the middle subvolume of a plan in this thread, keeping nothing. */
export async function sampleSubvolume(config: Config, plan: RunPlan, options: CallOptions = {}): Promise<Sample> {
  const subvolume = plan.subvolumes[Math.floor(plan.subvolumes.length / 2)]!;
  const folder = await mkdtemp(join(tmpdir(), "axonloom-sample-"));
  try {
    const task = {
      subvolume,
      roi: restrictRoi(plan.roi, subvolume.bordered),
      labels: labelsName(plan.labelsBasis, plan.roi, subvolume),
      predictions: null,
    };
    const params = {
      runFolder: folder,
      keepLabels: false,
      carryLabels: true,
      marks: null,
      input: plan.input.source,
      bounds: plan.input.info.bounds,
      voxelSizeNm: plan.output.spec.voxelSizeNm,
      segmentor: config.segmentor,
      preserved: plan.preserved === null ? null : { broadcast: "preserved" },
    };
    const context = {
      key: "sample",
      attempt: 1,
      maxAttempts: 1,
      previousFailure: null,
      logger: silentLogger,
      signal: options.signal ?? new AbortController().signal,
      report() {},
      broadcast: async <T>() => plan.preserved as T, // the only one
    };
    const began = performance.now();
    const row = await segmentSubvolume(task, params, context);
    const seconds = (performance.now() - began) / 1000;
    if (row.status === "quarantined") throw fromPlainError(row.error);
    return { subvolume: subvolume.id, voxels: borderedVoxels(subvolume), seconds, segments: row.segments };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
