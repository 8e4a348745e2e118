/** Step: relabel and write every core box, then check what was written. */
import { type CheckpointName, fingerprint, loadCheckpoint } from "../../checkpoint/index.ts";
import { AxonloomError } from "../../errors.ts";
import { localMapping } from "../../stitch/resolve.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { writtenName } from "./fingerprints.ts";
import { prepareOutput } from "./output.ts";
import type { Segmented } from "./segment.ts";
import type { Stitched } from "./stitch.ts";
import type { WriteParams, WriteTask } from "./write-stage.ts";

export interface Written {
  /** Where the voxels lie now: a temporary name, or the published output when nothing had to be written. */
  readonly volume: string;
  readonly published: boolean;
  readonly params: WriteParams;
  readonly voxels: number;
  readonly labelled: number;
  readonly bodies: number;
}

export async function writeAll(run: RunContext, segmented: Segmented, { ids, mapping }: Stitched): Promise<Written> {
  const { plan, config, engine, signal } = run;
  const { destination, spec } = plan.output;
  const tasks = plan.subvolumes.map(({ id, core }): WriteTask => {
    const offset = ids.offsets[id]!;
    const part = localMapping(mapping, offset, segmented.counts[id]!);
    const content = {
      labels: segmented.names[id]!.fingerprint,
      quarantined: segmented.counts[id] === 0,
      offset,
      mapping: fingerprint(part),
      labelOffset: config.labelOffset,
      preserved: plan.basis.preserved,
      spec,
    };
    return { written: writtenName(destination, core, content), offset, mapping: part };
  });
  const { volume, published } = await prepareOutput(run, await allThere(run, tasks));
  const params: WriteParams = {
    runFolder: config.runFolder,
    output: volume,
    bounds: plan.input.info.bounds,
    outputBounds: spec.bounds,
    preserved: plan.preserved,
    labelOffset: config.labelOffset,
    segments: ids.total,
  };
  const rows = tasks.map((value, id) => ({ key: subvolumeKey(id), value }));
  const written = segmented.rows.cogroup(engine.parallelize(rows)).map(stageRef("relabelAndWrite"), params, { label: "write" });
  let voxels = 0;
  let labelled = 0;
  let bodies = 0;
  const roots = new Set<number>();
  const preserved = new Set<string>();
  for await (const { value } of written.collect({ signal })) {
    voxels += value.voxels;
    labelled += value.labelled;
    bodies += value.single;
    const task = tasks[value.subvolume]!;
    value.present.forEach((flag, m) => {
      if (flag === 1) roots.add(task.mapping.roots[m]!);
    });
    for (const id of value.preserved) preserved.add(id);
  }
  return { volume, published, params, voxels, labelled, bodies: bodies + roots.size + preserved.size };
}

async function allThere({ store }: RunContext, tasks: readonly { readonly written: CheckpointName }[]): Promise<boolean> {
  for (const { written } of tasks) if ((await loadCheckpoint(store, written)).state !== "valid") return false;
  return true;
}

/** Reads the output back beside the source of the preserved bodies; voxels compared. `E_VERIFY_FAILED` when one differs. */
export async function verifyAll(run: RunContext, segmented: Segmented, written: Written): Promise<number> {
  const rows = segmented.rows.map(stageRef("verifyPreserved"), written.params, { label: "verify" });
  let compared = 0;
  for await (const { key, value } of rows.collect({ signal: run.signal })) {
    compared += value.compared;
    if (value.wrong === 0) continue;
    throw new AxonloomError(
      "E_VERIFY_FAILED",
      `subvolume ${Number(key)}: expected all voxels of preserved bodies unchanged and no other voxel with their ids, found ${value.wrong} of ${value.compared} wrong; ` +
        "the output was not published. Was the source of the preserved bodies changed during the run?",
      { subvolume: Number(key), ...value },
    );
  }
  return compared;
}
