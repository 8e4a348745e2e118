/** Step: segment every subvolume, iteration by iteration. */
import type { CheckpointName } from "../../checkpoint/index.ts";
import type { Dataset } from "../../engine/index.ts";
import { fromPlainError } from "../../errors.ts";
import { shapeOf, toXyz, volumeOf } from "../../geometry/box.ts";
import { restrictRoi } from "../../geometry/roi.ts";
import type { Subvolume } from "../../geometry/subvolume.ts";
import type { Gap } from "../../run/events.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { evidenceName, labelsName, predictionsName } from "./fingerprints.ts";
import type { FaceTask, SegmentedRow, SegmentTask } from "./segment-stage.ts";
import { hasEvidence } from "./stitch-stages.ts";

/** Everything that is known of the segmented subvolumes; labels stay in the dataset. */
export interface Segmented {
  readonly rows: Dataset<SegmentedRow>;
  /** Largest segment number by subvolume id; 0 for a quarantined one. */
  readonly counts: readonly number[];
  readonly names: readonly CheckpointName[];
  /** All faces, by their order in the plan. */
  readonly faces: readonly FaceTask[];
  /** Faces whose evidence is still to be counted, as said to the tasks. */
  readonly facesToCount: number;
  readonly restored: number;
  readonly bytes: number;
  readonly gaps: readonly Gap[];
}

export async function segmentAll(run: RunContext): Promise<Segmented> {
  const { plan, config, engine, signal } = run;
  const names = plan.subvolumes.map((subvolume) => labelsName(plan.basis, plan.roi, subvolume));
  const faces = plan.faces.map((face) => ({
    face,
    evidence: evidenceName(
      face,
      plan.subvolumes[face.a]!.core,
      plan.subvolumes[face.b]!.core,
      names[face.a]!.fingerprint,
      names[face.b]!.fingerprint,
    ),
  }));
  const missing = await missingFaces(faces, config.runFolder, plan.subvolumes.length);
  const params = {
    runFolder: config.runFolder,
    keepLabels: config.checkpoint !== "none",
    input: plan.input.source,
    bounds: plan.input.info.bounds,
    voxelSizeNm: plan.output.spec.voxelSizeNm,
    segmentor: config.segmentor,
    preserved: plan.preserved,
  };
  const taskOf = (subvolume: Subvolume): SegmentTask => ({
    subvolume,
    roi: restrictRoi(plan.roi, subvolume.bordered),
    labels: names[subvolume.id]!,
    predictions: config.checkpoint === "voxel" ? predictionsName(plan.predictionBasis, plan.roi, subvolume) : null,
    faces: missing.bySubvolume[subvolume.id] ?? [],
  });

  let all: Dataset<SegmentedRow> | null = null;
  const counts = new Array<number>(plan.subvolumes.length).fill(0);
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
        const gap = { subvolume: subvolume.id, core, error: row.error };
        gaps.push(gap);
        run.emit({ event: "quarantined", ...gap });
      } else {
        counts[subvolume.id] = row.segments;
        restored += row.restored ? 1 : 0;
        bytes += row.bytes;
      }
    }
    all = all === null ? rows : all.union(rows);
  }
  // Nothing at all could be segmented: that is no gap in a result but an error, most likely of the configuration.
  if (gaps.length === plan.subvolumes.length) throw fromPlainError(gaps[0]!.error);
  gaps.sort((p, q) => p.subvolume - q.subvolume);
  return { rows: all!, counts, names, faces, facesToCount: missing.count, restored, bytes, gaps };
}

async function missingFaces(faces: readonly FaceTask[], runFolder: string, subvolumes: number) {
  const bySubvolume: FaceTask[][] = Array.from({ length: subvolumes }, () => []);
  let count = 0;
  for (const task of faces) {
    if (await hasEvidence(runFolder, task.evidence)) continue;
    bySubvolume[task.face.a]!.push(task);
    bySubvolume[task.face.b]!.push(task);
    count += 1;
  }
  return { bySubvolume, count };
}

/** Voxels of a bordered box, for the rate shown. */
export function borderedVoxels(subvolume: Subvolume): number {
  return volumeOf(shapeOf(subvolume.bordered));
}
