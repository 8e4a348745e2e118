/** Step: segment every subvolume, iteration by iteration. */
import type { Dataset } from "../../engine/index.ts";
import { fromPlainError } from "../../errors.ts";
import { shapeOf, toXyz, volumeOf } from "../../geometry/box.ts";
import { countVoxels, restrictRoi } from "../../geometry/roi.ts";
import type { Subvolume } from "../../geometry/subvolume.ts";
import { deletePrefix } from "../../keyvalue/index.ts";
import type { Gap } from "../../run/events.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { labelsName, predictionsName } from "./fingerprints.ts";
import type { SegmentedRow, SegmentParams, SegmentTask } from "./segment-stage.ts";

/** Everything that is known of the segmented subvolumes; labels stay in the dataset and in the checkpoints. */
export interface Segmented {
  readonly rows: Dataset<SegmentedRow>;
  /** By subvolume id: number of segments and SHA-256 of the packed labels; 0 and "" for a quarantined one. */
  readonly counts: readonly number[];
  readonly hashes: readonly string[];
  readonly restored: number;
  readonly bytes: number;
  /** By subvolume id. */
  readonly gaps: readonly Gap[];
}

/** In the run folder, for each segmentation without a checkpoint. */
const MARKS = "segmented/";

/** How many subvolumes were segmented more than once. Forgets it. */
export async function segmentedAgain({ store, signal }: Pick<RunContext, "store" | "signal">): Promise<number> {
  const times = new Map<string, number>();
  for await (const key of store.list(MARKS, { signal })) {
    const [, subvolume] = key.split("/");
    times.set(subvolume!, (times.get(subvolume!) ?? 0) + 1);
  }
  await deletePrefix(store, MARKS, { signal });
  return [...times.values()].filter((n) => n > 1).length;
}

export async function segmentAll(run: RunContext): Promise<Segmented> {
  const { plan, config, engine, store, signal } = run;
  const keepLabels = config.checkpoint !== "none";
  // Without checkpoints a cluster segments again what it loses.
  const marked = !keepLabels && engine.rowsStayInCluster;
  if (marked) await deletePrefix(store, MARKS, { signal });
  const params: SegmentParams = {
    runFolder: config.runFolder,
    keepLabels,
    marks: marked ? MARKS : null,
    carryLabels: !keepLabels || engine.rowsStayInCluster,
    input: plan.input.source,
    bounds: plan.input.info.bounds,
    voxelSizeNm: plan.output.spec.voxelSizeNm,
    segmentor: config.segmentor,
    preserved: run.preserved,
  };
  const taskOf = (subvolume: Subvolume): SegmentTask => ({
    subvolume,
    roi: restrictRoi(plan.roi, subvolume.bordered),
    labels: labelsName(plan.labelsBasis, plan.roi, subvolume),
    predictions: config.checkpoint === "voxel" ? predictionsName(plan.predictionsBasis, plan.roi, subvolume) : null,
  });

  const iterations: Dataset<SegmentedRow>[] = [];
  const counts = new Array<number>(plan.subvolumes.length).fill(0);
  const hashes = new Array<string>(plan.subvolumes.length).fill("");
  const gaps: Gap[] = [];
  let restored = 0;
  let bytes = 0;
  for (const ids of plan.iterations) {
    const tasks = ids.map((id) => ({ key: subvolumeKey(id), value: taskOf(plan.subvolumes[id]!) }));
    const rows = await engine
      .parallelize(tasks)
      .map(stageRef("segmentSubvolume"), params, { label: "segment" })
      .persist({ signal });
    for await (const { value: row } of rows.map(stageRef("summariseSegmented"), null, { label: "collect" }).collect({ signal })) {
      const { subvolume } = row.task;
      if (row.status === "quarantined") {
        const core = [toXyz(subvolume.core.start), toXyz(subvolume.core.stop)] as const;
        const gap = {
          subvolume: subvolume.id,
          core,
          voxels: countVoxels(plan.roi, subvolume.core, params.bounds),
          error: row.error,
        };
        gaps.push(gap);
        run.emit({ event: "quarantined", ...gap });
      } else {
        counts[subvolume.id] = row.segments;
        hashes[subvolume.id] = row.hash;
        restored += row.restored ? 1 : 0;
        bytes += row.bytes;
      }
    }
    iterations.push(rows);
  }
  // Nothing at all could be segmented: that is no gap in a result but an error, most likely of the configuration.
  if (gaps.length === plan.subvolumes.length) throw fromPlainError(gaps[0]!.error);
  gaps.sort((p, q) => p.subvolume - q.subvolume);
  const [first, ...others] = iterations;
  return { rows: first!.union(...others), counts, hashes, restored, bytes, gaps };
}

/** Voxels of a bordered box, for the rate shown. */
export function borderedVoxels(subvolume: Subvolume): number {
  return volumeOf(shapeOf(subvolume.bordered));
}
