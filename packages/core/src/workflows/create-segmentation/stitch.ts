/** Step: from segmented subvolumes to the mapping of segments to bodies. */
import { type Mapping, resolveMatches } from "../../stitch/resolve.ts";
import { type SegmentIds, segmentIds } from "../../stitch/segment-ids.ts";
import { stageRef } from "../stage-ref.ts";
import type { RunContext } from "./context.ts";
import type { Segmented } from "./segment.ts";
import { faceKey } from "./stitch-stages.ts";

export interface Stitched {
  readonly ids: SegmentIds;
  readonly mapping: Mapping;
  readonly matches: number;
}

export async function stitchAll(run: RunContext, segmented: Segmented): Promise<Stitched> {
  const { plan, config, engine, signal } = run;
  const params = { runFolder: config.runFolder };
  const ids = segmentIds({
    labelOffset: config.labelOffset,
    preserved: plan.preserved?.bodies ?? new BigUint64Array(0),
    counts: segmented.counts,
  });

  const sides = segmented.rows.flatMap(stageRef("cutFaces"), params, { label: "faces" });
  for await (const _ of sides.groupByKey().map(stageRef("countOverlap"), params, { label: "stitch" }).collect({ signal })) {
    // the evidence is kept in the run folder
  }

  const without = new Set(segmented.gaps.map(({ subvolume }) => subvolume));
  const decidable = segmented.faces.filter(({ face }) => !without.has(face.a) && !without.has(face.b));
  const rows = decidable.map((task) => ({ key: faceKey(task.face), value: task }));
  const decide = { ...params, segmentor: config.segmentor, policy: config.stitch };
  const a = new GrowingList();
  const b = new GrowingList();
  for await (const { value } of engine
    .parallelize(rows)
    .map(stageRef("decideFace"), decide, { label: "stitch" })
    .collect({ signal })) {
    const [offsetA, offsetB] = [ids.offsets[value.a]!, ids.offsets[value.b]!];
    for (let i = 0; i < value.segmentsA.length; i++) {
      a.push(offsetA + value.segmentsA[i]!);
      b.push(offsetB + value.segmentsB[i]!);
    }
  }
  return { ids, mapping: resolveMatches({ a: a.values(), b: b.values() }), matches: a.length };
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
