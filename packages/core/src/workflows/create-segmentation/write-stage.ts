/** The stage that relabels one subvolume and writes its core box. */
import { applyTable } from "@axonloom/kernels";
import { type CheckpointName, loadCheckpoint, saveCheckpoint, unpackBoxes } from "../../checkpoint/index.ts";
import type { Broadcast, TaskContext } from "../../engine/types.ts";
import { type Box, intersect, isEmpty, map3, shapeOf, translate, volumeOf } from "../../geometry/box.ts";
import { countVoxels, maskOf } from "../../geometry/roi.ts";
import { openKeyValue } from "../../keyvalue/index.ts";
import { relabelTable } from "../../stitch/relabel.ts";
import type { LocalMapping } from "../../stitch/resolve.ts";
import { segmentIds } from "../../stitch/segment-ids.ts";
import { openVolume } from "../../store/index.ts";
import { comparePreserved, openPreserved, type PreservedBodies, writePreservedIds } from "./preserved.ts";
import { withLabels } from "./same-labels.ts";
import type { SegmentedRow } from "./segment-stage.ts";
import { packedLabels } from "./stitch-stages.ts";

export interface WriteTask {
  readonly written: CheckpointName;
  /** SHA-256 of the subvolume's packed labels; "" for a gap. */
  readonly labels: string;
  /** Segment index of local segment k is offset + k. */
  readonly offset: number;
  /** The subvolume's part. */
  readonly mapping: LocalMapping;
}

export interface WriteParams {
  readonly runFolder: string;
  readonly output: string;
  readonly bounds: Box;
  readonly outputBounds: Box;
  readonly preserved: Broadcast<PreservedBodies> | null;
  /** Ids of the run lie above it. */
  readonly labelOffset: bigint;
  /** Segments of the run. */
  readonly segments: number;
  /** Subvolumes that have no labels. A volume that is written in place keeps what it has there. */
  readonly gaps: readonly number[];
}

/** What was written, without the voxels. */
export interface WrittenRow {
  readonly subvolume: number;
  /** Voxels inside the volume and the ROI. */
  readonly voxels: number;
  /** Of these, with a body's id. */
  readonly labelled: number;
  /** Bodies with a voxel in the core box that consist of one segment. */
  readonly single: number;
  /** 1 for each matched segment that has a voxel in the core box. */
  readonly present: Uint8Array;
  /** Ids of preserved bodies in the core box, as text. */
  readonly preserved: readonly string[];
}

const NONE = new BigUint64Array(0);

/** The row without what follows from the matches. */
export type WrittenSummary = Omit<WrittenRow, "present">;

export async function relabelAndWrite(
  input: { readonly left: readonly SegmentedRow[]; readonly right: readonly WriteTask[] },
  params: WriteParams,
  context: TaskContext,
): Promise<WrittenRow> {
  const [found, task] = [input.left[0]!, input.right[0]!];
  const { subvolume, roi } = found.task;
  const store = openKeyValue(params.runFolder);
  const kept = await loadCheckpoint<WrittenSummary>(store, task.written);
  if (kept.state === "valid") return { ...kept.meta, subvolume: subvolume.id, present: kept.payload };

  const preserved = params.preserved === null ? null : await context.broadcast(params.preserved);
  const core = intersect(subvolume.core, params.outputBounds);
  const present = new Uint8Array(task.mapping.members.length);
  const meta = { subvolume: subvolume.id, voxels: 0, labelled: 0, single: 0, preserved: [] as string[] };
  let bodies: BigUint64Array = new BigUint64Array(isEmpty(core) ? 0 : volumeOf(shapeOf(core)));
  const row = withLabels(found, task.labels);
  if (row !== null && bodies.length > 0) {
    const [local] = unpackBoxes(await packedLabels(row, params.runFolder), [
      translate(
        core,
        map3((axis) => -subvolume.bordered.start[axis]),
      ),
    ]);
    meta.single = countPresent(local!, row.segments, task.mapping.members, present);
    const ids = segmentIds({
      labelOffset: params.labelOffset,
      preserved: preserved?.bodies ?? NONE,
      counts: [params.segments],
    });
    bodies = applyTable(local!, relabelTable({ ids, offset: task.offset, segments: row.segments, ...task.mapping }), bodies);
    meta.voxels = countVoxels(roi, core, params.bounds);
  }
  const output = await openVolume(params.output);
  if (bodies.length > 0 && !(output.bodies !== undefined && row === null)) {
    const inside = maskOf(roi, core, params.bounds);
    if (preserved !== null) {
      const source = await openPreserved(preserved, output);
      meta.preserved = Array.from(await writePreservedIds(source, core, inside, bodies), String);
    }
    for (let i = 0; i < bodies.length; i++) if (bodies[i] !== 0n) meta.labelled += 1;
    await output.bodies?.note(core);
    await output.write(core, { data: bodies, shape: shapeOf(core) }, output.bodies === undefined ? {} : { inside });
  }
  await saveCheckpoint(store, task.written, meta, present);
  return { ...meta, present };
}

/** The row for a driver that does not hold the mapping. */
export function withoutPresent({ present: _, ...summary }: WrittenRow): WrittenSummary {
  return summary;
}

/** Marks the matched segments that occur; returns how many others do. */
function countPresent(labels: Uint32Array, segments: number, members: Uint32Array, present: Uint8Array): number {
  const seen = new Uint8Array(segments + 1);
  for (let i = 0; i < labels.length; i++) seen[labels[i]!] = 1;
  seen[0] = 0;
  members.forEach((member, m) => {
    present[m] = seen[member]!;
    seen[member] = 0;
  });
  let others = 0;
  for (const flag of seen) others += flag;
  return others;
}

/** Compares the written core box with the source of the preserved bodies; voxels compared and voxels that are wrong. */
export async function verifyPreserved(
  row: SegmentedRow,
  params: WriteParams,
  context: TaskContext,
): Promise<{ readonly compared: number; readonly wrong: number }> {
  const { subvolume, roi } = row.task;
  const core = intersect(subvolume.core, params.outputBounds);
  if (params.preserved === null || isEmpty(core)) return { compared: 0, wrong: 0 };
  const output = await openVolume(params.output);
  if (output.bodies !== undefined && params.gaps.includes(subvolume.id)) return { compared: 0, wrong: 0 };
  const source = await openPreserved(await context.broadcast(params.preserved), output);
  return await comparePreserved(source, output, core, (piece) => maskOf(roi, piece, params.bounds));
}
