/**
 * The output of a run: made under a temporary name that is this run folder's own, given its final one at the end. The run folder keeps a
 * record of each output, so that a run may go on with what it began, may replace what it published, and touches nothing else.
 *
 *   writing ──▶ publishing ──▶ done          a crash in `publishing` is finished when the run starts again
 */
import { fingerprint } from "../../checkpoint/index.ts";
import type { Config } from "../../config/index.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { deletePrefix, getJson, type KeyValueStore, putJson } from "../../keyvalue/index.ts";
import {
  checkCanCreate,
  createVolume,
  discardUnpublished,
  openUnpublished,
  openVolume,
  publishVolume,
  volumeExists,
} from "../../store/index.ts";
import type { RunContext } from "./context.ts";
import type { RunPlan } from "./plan.ts";

interface OutputRecord {
  readonly destination: string;
  readonly step: "writing" | "publishing" | "done";
  /** Of what is being written, or was last: another shape, other core boxes or another region are another output, which starts empty. */
  readonly spec: string;
  /** Whether what is being written, or was last, has no gaps. Known from `publishing` on. */
  readonly complete: boolean;
  /** What lies under the final name and is this run's; kept while it is written anew. */
  readonly published: { readonly identity: string; readonly complete: boolean } | null;
  /** Of the configuration that made it; known from `publishing` on. */
  readonly configuration?: string;
}

/** Prefixes of the keys that this file keeps in the run folder. */
export const OUTPUT_PREFIXES = { records: "outputs/", written: "written/" } as const;

function recordKey(destination: string): string {
  return `${OUTPUT_PREFIXES.records}${fingerprint(destination).slice(0, 16)}.json`;
}

/** Prefix of the marks of what was written to a destination. */
export function writtenPrefix(destination: string): string {
  return `${OUTPUT_PREFIXES.written}${fingerprint(destination).slice(0, 16)}/`;
}

/** Part of the temporary name: two run folders with one destination do not write into each other's volume. */
function ownerOf(store: KeyValueStore): string {
  return fingerprint(store.location).slice(0, 8);
}

/**
 * Looks at the destination before a run: finishes a publishing that a crash broke off, and refuses what holds something that is not this
 * run's (unless the configuration says to replace it), or where nothing can be written.
 */
export async function checkDestination(
  store: KeyValueStore,
  destination: string,
  { replaceOutput: replace, newOutput }: Pick<Config, "replaceOutput" | "newOutput">,
): Promise<void> {
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  if (
    record?.step === "publishing" &&
    (await openUnpublished(destination, { owner: ownerOf(store) })) === null &&
    (await volumeExists(destination))
  ) {
    await finishPublishing(store, record).catch(notOurs);
  }
  try {
    await checkCanCreate(destination, {
      replace: replace || (await isOwn(store, destination)),
      owner: ownerOf(store),
      empty: newOutput,
    });
  } catch (error) {
    if (!isAxonloomError(error) || error.code !== "E_DESTINATION_EXISTS" || replace) throw error;
    const message = `output ${destination}: expected a free name or this run's own result, found something else (${error.message}); remove it, choose another one, or set options.mutateseg: "yes" to replace it`;
    throw new AxonloomError("E_DESTINATION_EXISTS", message, { destination }, error);
  }
}

/** What lies there now is another's; what may be done about it is looked at next. */
function notOurs(error: unknown): void {
  if (!isAxonloomError(error) || error.code !== "E_SOURCE_NOT_FOUND") throw error;
}

/** Whether this configuration has been run to its end, and what lies under the final name is marked as this run's. */
export async function isFinished(store: KeyValueStore, destination: string, config: Config): Promise<boolean> {
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  if (record?.step !== "done" || record.configuration !== fingerprint(config.resolved)) return false;
  try {
    await publishVolume(destination, { replace: true, owner: ownerOf(store) }); // of a published one it only looks whose it is
    return true;
  } catch (error) {
    notOurs(error);
    return false;
  }
}

/** Whether what lies under the final name is what this run published there. */
async function isOwn(store: KeyValueStore, destination: string): Promise<boolean> {
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  if (record?.published == null || !(await volumeExists(destination))) return false;
  return (await identityOf(destination)) === record.published.identity;
}

/** Whether this run's finished result was changed since by others, who may have merged its bodies. */
export async function changedSinceDone(store: KeyValueStore, destination: string): Promise<boolean> {
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  return record?.step === "done" && !(await isOwn(store, destination));
}

async function identityOf(destination: string): Promise<string | null> {
  try {
    return await (await openVolume(destination)).identity();
  } catch {
    return null; // no volume of ours, whatever it is
  }
}

/**
 * The volume to write to. When everything is marked as written and the published volume is untouched, that itself is given back and nothing
 * is to be written.
 */
export async function prepareOutput(
  run: RunContext,
  allWritten: boolean,
): Promise<{ readonly volume: string; readonly published: boolean }> {
  const { destination } = run.plan.output;
  const record = await getJson<OutputRecord>(run.store, recordKey(destination));
  const done = record?.spec === basisOf(run.plan) && record.step === "done";
  if (done && allWritten && (await isOwn(run.store, destination))) return { volume: destination, published: true };
  return { volume: await beginOutput(run), published: false };
}

/** The unpublished volume: the one that was begun before, or a new one. */
export async function beginOutput({
  store,
  plan,
  config,
  signal,
}: Pick<RunContext, "store" | "plan" | "config" | "signal">): Promise<string> {
  const { destination, spec } = plan.output;
  const owner = ownerOf(store);
  const record = await getJson<OutputRecord>(store, recordKey(destination));
  const basis = basisOf(plan);
  const same = record?.spec === basis;
  const begun = same && record.step !== "done" ? await openUnpublished(destination, { owner }) : null;
  if (begun !== null) return begun.source;
  // A volume that is written in place goes from here on: looked at once more, however long ago the run was begun.
  const replace = config.replaceOutput || (await isOwn(store, destination));
  await deletePrefix(store, writtenPrefix(destination));
  await discardUnpublished(destination, { owner });
  const published = record?.published ?? null;
  await save(store, { destination, step: "writing", spec: basis, complete: false, published });
  return (await createVolume(destination, spec, { replace, empty: config.newOutput, owner, signal })).source;
}

/**
 * Marks say which core boxes are written. With other boxes, or another region, they would speak of voxels that have been overwritten since, and what
 * an earlier try wrote outside would stay.
 */
function basisOf({ output, subvolumes, roiFingerprint }: RunPlan): string {
  return fingerprint({ spec: output.spec, cores: subvolumes.map(({ core }) => core), roi: roiFingerprint });
}

/**
 * Gives the output its final name in one step; the source under which the result lies. A result with gaps does not take the place of a
 * complete one of the same run: it stays under its temporary name, with a warning.
 */
export async function publishOutput({ store, plan, config, emit, signal }: RunContext, complete: boolean): Promise<string> {
  const { destination } = plan.output;
  const owner = ownerOf(store);
  const record = (await getJson<OutputRecord>(store, recordKey(destination)))!;
  const own = await isOwn(store, destination);
  if (!complete && own && record.published?.complete) {
    const { source } = (await openUnpublished(destination, { owner }))!;
    emit({
      event: "warning",
      message: `the result has gaps: the complete one of an earlier run stays at ${destination}, the new one lies at ${source}`,
    });
    return source;
  }
  if (!own && !config.replaceOutput && (await volumeExists(destination))) {
    throw new AxonloomError(
      "E_DESTINATION_EXISTS",
      `output ${destination}: something that this run has not made appeared there during the run; move it away and run again, which goes on from here`,
      { destination },
    );
  }
  const publishing: OutputRecord = { ...record, step: "publishing", complete, configuration: fingerprint(config.resolved) };
  await save(store, publishing);
  await publishVolume(destination, { replace: true, owner, signal });
  return await finishPublishing(store, publishing);
}

/** After the renaming, or again after a crash that followed it. */
async function finishPublishing(store: KeyValueStore, record: OutputRecord): Promise<string> {
  const volume = await publishVolume(record.destination, { replace: true, owner: ownerOf(store) });
  const identity = await volume.identity();
  await save(store, { ...record, step: "done", published: { identity, complete: record.complete } });
  return volume.source;
}

async function save(store: KeyValueStore, record: OutputRecord): Promise<void> {
  await putJson(store, recordKey(record.destination), record);
}
