/** Step: from segmented subvolumes to the mapping of segments to bodies. */
import { loadCheckpoint } from "../../checkpoint/index.ts";
import { forEachParallel } from "../../parallel.ts";
import { type SegmentIds, segmentIds } from "../../stitch/segment-ids.ts";
import { stageRef } from "../stage-ref.ts";
import { collectMatches } from "./collect-matches.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { evidenceName } from "./fingerprints.ts";
import { chooseLabelOffset } from "./ids.ts";
import { type Resolution, resolveInDriver } from "./resolve.ts";
import { resolveInTasks } from "./resolve-in-tasks.ts";
import type { Segmented } from "./segment.ts";
import { type DecideParams, type FaceTask, faceKey } from "./stitch-stages.ts";
import { meetingLevel, planSuperBlocks } from "./super-blocks.ts";

/** Looked up at once in the run folder. */
export const LOOKUPS = 16;

export interface Stitched {
  readonly ids: SegmentIds;
  /** Ids lie above it. */
  readonly labelOffset: bigint;
  readonly resolution: Resolution;
}

export interface Faces {
  /** Those with both sides segmented, by (a, b). */
  readonly decidable: readonly FaceTask[];
  /** Of these, the ones whose evidence is still to be counted. */
  readonly toCount: readonly FaceTask[];
}

/** Looks for evidence that an earlier run has kept. */
export async function findEvidence({ plan, store, emit, signal }: RunContext, segmented: Segmented): Promise<Faces> {
  const without = new Set(segmented.gaps.map(({ subvolume }) => subvolume));
  const decidable = plan.faces
    .filter(({ a, b }) => !without.has(a) && !without.has(b))
    .map((face): FaceTask => {
      const [coreA, coreB] = [plan.subvolumes[face.a]!.core, plan.subvolumes[face.b]!.core];
      const labels = [segmented.hashes[face.a]!, segmented.hashes[face.b]!] as const;
      return { face, evidence: evidenceName(face, coreA, coreB, ...labels), labels };
    });
  const missing = new Set<FaceTask>();
  await forEachParallel(
    decidable,
    LOOKUPS,
    async (task) => {
      const kept = await loadCheckpoint(store, task.evidence);
      if (kept.state === "damaged") {
        const message = `${task.evidence.key} is damaged (${kept.reason}): computed again`;
        emit({ event: "log", level: "warn", task: `face ${faceKey(task.face)}`, message });
      }
      if (kept.state !== "valid") missing.add(task);
    },
    { signal },
  );
  return { decidable, toCount: decidable.filter((task) => missing.has(task)) };
}

export async function stitchAll(run: RunContext, segmented: Segmented, faces: Faces): Promise<Stitched> {
  const { plan, config, engine, signal } = run;
  const params = { runFolder: config.runFolder };
  const sides = segmented.rows
    .cogroup(engine.parallelize(facesBySubvolume(faces.toCount)))
    .flatMap(stageRef("cutFaces"), params, { label: "faces" });
  await sides.groupByKey().foreach(stageRef("countOverlap"), params, { label: "stitch", signal });

  const segments = segmented.counts.reduce((sum, count) => sum + count, 0);
  const labelOffset = await chooseLabelOffset(run, segments);
  const preserved = plan.preserved?.bodies ?? new BigUint64Array(0);
  const ids = segmentIds({ labelOffset, preserved, counts: segmented.counts });
  return { ids, labelOffset, resolution: await resolve(run, segmented, faces, ids) };
}

async function resolve(run: RunContext, { counts }: Segmented, faces: Faces, { offsets }: SegmentIds): Promise<Resolution> {
  const { plan, config, engine, driverMatches, signal } = run;
  const params: DecideParams = { runFolder: config.runFolder, segmentor: config.segmentor, policy: config.stitch };
  const decide = (tasks: readonly FaceTask[], label: string) => {
    const rows = tasks.map((task) => {
      const segments = [counts[task.face.a]!, counts[task.face.b]!] as const;
      return { key: faceKey(task.face), value: { ...task, segments } };
    });
    return engine.parallelize(rows).map(stageRef("decideFace"), params, { label });
  };
  if (driverMatches > 0) {
    const pairs = await collectMatches(decide(faces.decidable, "stitch"), offsets, driverMatches, { signal });
    if (pairs !== null) return resolveInDriver(engine, pairs, { offsets, counts });
    const message = `more than ${driverMatches} matches: resolved by the tasks`;
    run.emit({ event: "log", level: "info", task: "stitch", message });
  }
  const blocks = planSuperBlocks(
    plan.subvolumes.map(({ core }) => core),
    offsets,
  );
  const byLevel = Array.from({ length: blocks.levels }, (): FaceTask[] => []);
  for (const task of faces.decidable) byLevel[meetingLevel(blocks, task.face.a, task.face.b) - 1]!.push(task);
  const label = driverMatches > 0 ? "resolve" : "stitch";
  const matchesAt = (level: number) => decide(byLevel[level - 1]!, label);
  return await resolveInTasks({ engine, runFolder: config.runFolder }, blocks, matchesAt, { signal });
}

function* facesBySubvolume(faces: readonly FaceTask[]) {
  const bySubvolume = new Map<number, FaceTask[]>();
  for (const task of faces) {
    for (const id of [task.face.a, task.face.b]) {
      const list = bySubvolume.get(id);
      if (list === undefined) bySubvolume.set(id, [task]);
      else list.push(task);
    }
  }
  for (const [id, tasks] of bySubvolume) yield { key: subvolumeKey(id), value: tasks };
}
