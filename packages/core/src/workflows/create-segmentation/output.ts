/** The output of a run: made under a temporary name, given its final one at the end. The run folder remembers which outputs are its own. */
import { fingerprint } from "../../checkpoint/index.ts";
import { AxonloomError } from "../../errors.ts";
import { deletePrefix, getJson, type KeyValueStore, putJson } from "../../keyvalue/index.ts";
import { createVolume, discardUnpublished, openUnpublished, publishVolume, volumeExists } from "../../store/index.ts";
import type { VolumeSpec, VolumeStore } from "../../store/types.ts";
import type { RunContext } from "./context.ts";

interface OutputRecord {
  readonly destination: string;
  readonly state: "writing" | "published";
  /** Of the volume's description: another shape is another output. */
  readonly spec: string;
}

function recordKey(destination: string): string {
  return `outputs/${fingerprint(destination).slice(0, 16)}.json`;
}

/** Prefix of the marks of what was written to a destination. */
export function writtenPrefix(destination: string): string {
  return `written/${fingerprint(destination).slice(0, 16)}/`;
}

/** Refuses a destination that holds something that is not this run's (unless the configuration says to replace it). */
export async function checkDestination(store: KeyValueStore, destination: string, replace: boolean): Promise<void> {
  if (replace || !(await volumeExists(destination))) return;
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  if (record?.state === "published") return;
  throw new AxonloomError(
    "E_DESTINATION_EXISTS",
    `output ${destination}: expected a destination that does not exist, found something there that this run has not made; ` +
      'choose another, remove it, or set "mutateseg": "yes" to replace it',
    { destination },
  );
}

/**
 * The volume to write to. `intact`: whether everything that is marked as written can be trusted to lie there; then the published volume
 * itself is given back.
 */
export async function prepareOutput(
  run: RunContext,
  allWritten: boolean,
): Promise<{ readonly volume: string; readonly published: boolean }> {
  const { store, plan } = run;
  const { destination, spec } = plan.output;
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  const same = record?.spec === specFingerprint(spec);
  if (same && record.state === "published" && allWritten && (await volumeExists(destination)))
    return { volume: destination, published: true };
  const begun = same && record.state === "writing" ? await openUnpublished(destination) : null;
  if (begun !== null) return { volume: begun.source, published: false };
  await deletePrefix(store, writtenPrefix(destination));
  await discardUnpublished(destination);
  await saveRecord(store, spec, destination, "writing");
  const volume = await createVolume(destination, spec, { replace: true, signal: run.signal });
  return { volume: volume.source, published: false };
}

/** Gives the output its final name in one step. */
export async function publishOutput(run: RunContext): Promise<VolumeStore> {
  const { destination, spec } = run.plan.output;
  const volume = await publishVolume(destination, { replace: true, signal: run.signal });
  await saveRecord(run.store, spec, destination, "published");
  return volume;
}

async function saveRecord(
  store: KeyValueStore,
  spec: VolumeSpec,
  destination: string,
  state: OutputRecord["state"],
): Promise<void> {
  await putJson(store, recordKey(destination), { destination, state, spec: specFingerprint(spec) } satisfies OutputRecord);
}

function specFingerprint(spec: VolumeSpec): string {
  return fingerprint(spec);
}
