/** Step: relabel and write every core box, then check what was written. */
import { type CheckpointName, loadCheckpoint } from "../../checkpoint/index.ts";
import { AxonloomError } from "../../errors.ts";
import { formatBox } from "../../geometry/box.ts";
import { forEachParallel } from "../../parallel.ts";
import { stageRef } from "../stage-ref.ts";
import type { RunContext } from "./context.ts";
import { writtenName } from "./fingerprints.ts";
import { prepareOutput } from "./output.ts";
import { checkPreservedMapping } from "./preserved-mapping.ts";
import type { Segmented } from "./segment.ts";
import { LOOKUPS, type Stitched } from "./stitch.ts";
import type { WriteParams } from "./write-stage.ts";

export interface Written {
  /** Where the voxels lie now: a temporary name, or the published output when nothing had to be written. */
  readonly volume: string;
  readonly published: boolean;
  readonly params: WriteParams;
  readonly voxels: number;
  readonly labelled: number;
  readonly bodies: number;
}

export async function writeAll(run: RunContext, segmented: Segmented, stitched: Stitched): Promise<Written> {
  const { plan, config, signal } = run;
  const { destination, spec } = plan.output;
  const { ids, labelOffset, resolution } = stitched;
  const names = plan.subvolumes.map(({ id, core }) => {
    const content = {
      labels: segmented.hashes[id],
      offset: ids.offsets[id],
      mapping: resolution.fingerprints[id],
      labelOffset,
      // Which ids are preserved where, and the ROI, stand in it.
      basis: plan.labelsBasis,
      roi: plan.roiFingerprint,
      spec,
    };
    return writtenName(destination, core, content);
  });
  const { volume, published } = await prepareOutput(run, await allThere(run, names));
  // People may have worked there while subvolumes were segmented.
  if (!published) await checkPreservedMapping(plan.preserved, volume, { signal });
  const params: WriteParams = {
    runFolder: config.runFolder,
    output: volume,
    bounds: plan.input.info.bounds,
    outputBounds: spec.bounds,
    preserved: run.preserved,
    labelOffset,
    segments: ids.total,
    gaps: segmented.gaps.map(({ subvolume }) => subvolume),
  };
  const tasks = resolution.writeTasks(
    names.map((name, id) => ({ written: name, labels: segmented.hashes[id]!, offset: ids.offsets[id]! })),
  );
  const rows = segmented.rows.cogroup(tasks).map(stageRef("relabelAndWrite"), params, { label: "write" });
  let voxels = 0;
  let labelled = 0;
  let bodies = 0;
  const preserved = new Set<string>();
  for await (const { value } of resolution.summaries(rows, { signal, concurrency: config.parallelWrites })) {
    voxels += value.voxels;
    labelled += value.labelled;
    bodies += value.single;
    for (const id of value.preserved) preserved.add(id);
  }
  bodies += preserved.size + (await resolution.bodies(names, { signal }));
  await resolution.free();
  return { volume, published, params, voxels, labelled, bodies };
}

async function allThere({ store, emit, signal }: RunContext, names: readonly CheckpointName[]): Promise<boolean> {
  let all = true;
  const look = async (name: CheckpointName) => {
    const kept = await loadCheckpoint(store, name);
    if (kept.state !== "valid") all = false;
    if (kept.state === "damaged") {
      emit({ event: "log", level: "warn", task: "write", message: `${name.key} is damaged (${kept.reason}): written again` });
    }
  };
  await forEachParallel(names, LOOKUPS, look, { signal });
  return all;
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
      `subvolume ${Number(key)} (${formatBox(run.plan.subvolumes[Number(key)]!.core)}): expected all voxels of preserved bodies unchanged and no other voxel with their ids, found ${value.wrong} of ${value.compared} wrong; ` +
        "the output was not published. Was the source of the preserved bodies changed during the run?",
      { subvolume: Number(key), ...value },
    );
  }
  return compared;
}
