/**
 * Which supervoxels lay where a run writes: noted before a core box is written in place, so that the index of the bodies that lose voxels
 * there can be brought up to date, also when the run ends and starts again in between. What earlier tries noted is kept.
 */
import { type CheckpointName, loadCheckpoint, saveCheckpoint } from "../../checkpoint/index.ts";
import { AxonloomError } from "../../errors.ts";
import type { KeyValueStore } from "../../keyvalue/index.ts";
import { bytesOf, voxelsOf } from "../../volume/block.ts";

const NONE = new BigUint64Array(0);

/** The ids noted so far, sorted. `E_CHECKPOINT_DAMAGED` when the note cannot be read. */
export async function readFormer(store: KeyValueStore, name: CheckpointName): Promise<BigUint64Array> {
  const kept = await loadCheckpoint(store, name);
  if (kept.state === "missing") return NONE;
  if (kept.state !== "valid") {
    throw new AxonloomError(
      "E_CHECKPOINT_DAMAGED",
      `${store.location}/${name.key}: expected the list of bodies that lay there before this run, found it ${kept.state}. Without it their index ` +
        "cannot be mended: make a new version of the parent and run into that",
      { key: name.key },
    );
  }
  return voxelsOf(kept.payload, "uint64") as BigUint64Array;
}

/** Adds sorted ids to the note. */
export async function noteFormer(store: KeyValueStore, name: CheckpointName, ids: BigUint64Array): Promise<void> {
  const before = await readFormer(store, name);
  const all = BigUint64Array.from(new Set([...before, ...ids])).sort();
  if (all.length > before.length) await saveCheckpoint(store, name, null, bytesOf(all));
}
