/** Step: from segmented subvolumes to the mapping of segments to bodies. */
import { loadCheckpoint } from "../../checkpoint/index.ts";
import { AxonloomError } from "../../errors.ts";
import { forEachParallel } from "../../parallel.ts";
import { type Mapping, resolveMatches } from "../../stitch/resolve.ts";
import { type SegmentIds, segmentIds } from "../../stitch/segment-ids.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { evidenceName } from "./fingerprints.ts";
import type { Segmented } from "./segment.ts";
import { type FaceMatches, type FaceTask, faceKey } from "./stitch-stages.ts";

/** Looked up at once in the run folder. */
export const LOOKUPS = 16;

export interface Stitched {
  readonly ids: SegmentIds;
  readonly mapping: Mapping;
  readonly matches: number;
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
      return { face, evidence: evidenceName(face, coreA, coreB, segmented.hashes[face.a]!, segmented.hashes[face.b]!) };
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

  const ids = segmentIds({
    labelOffset: config.labelOffset,
    preserved: plan.preserved?.bodies ?? new BigUint64Array(0),
    counts: segmented.counts,
  });
  const rows = faces.decidable.map((task) => ({ key: faceKey(task.face), value: task }));
  const decide = { ...params, segmentor: config.segmentor, policy: config.stitch };
  const a = new GrowingList();
  const b = new GrowingList();
  for await (const { value } of engine
    .parallelize(rows)
    .map(stageRef("decideFace"), decide, { label: "stitch" })
    .collect({ signal })) {
    checkMatches(value, segmented.counts);
    const [offsetA, offsetB] = [ids.offsets[value.a]!, ids.offsets[value.b]!];
    for (let i = 0; i < value.segmentsA.length; i++) {
      a.push(offsetA + value.segmentsA[i]!);
      b.push(offsetB + value.segmentsB[i]!);
    }
  }
  return { ids, mapping: resolveMatches({ a: a.values(), b: b.values() }), matches: a.length };
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

/** A segment that its subvolume does not have would be another subvolume's: a user's segmentor may be wrong. */
function checkMatches({ a, b, segmentsA, segmentsB }: FaceMatches, counts: readonly number[]): void {
  for (const [subvolume, segments] of [
    [a, segmentsA],
    [b, segmentsB],
  ] as const) {
    const count = counts[subvolume]!;
    const wrong = segments.find((segment) => segment < 1 || segment > count);
    if (wrong === undefined) continue;
    throw new AxonloomError(
      "E_PLUGIN_RESULT",
      `stitch, face of subvolumes ${a} and ${b}: expected matches of segments 1 to ${count} of subvolume ${subvolume}, found segment ${wrong}; ` +
        "correct the segmentor's stitch",
      { a, b, subvolume, segment: wrong },
    );
  }
}

/** A Float64Array that grows: 8 bytes a number, where a plain list would take 16 and more. */
class GrowingList {
  #data = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const larger = new Float64Array(2 * this.#data.length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.length] = value;
    this.length += 1;
  }

  values(): Float64Array {
    return this.#data.subarray(0, this.length);
  }
}
