/**
 * The life of a volume that is written to a server. A version that is not committed is what is unpublished there; a marker beside the instance
 * says who writes it and how far it is (`marker.ts`).
 *
 *     create ─▶ "writing" ─▶ publish ─▶ "done"       discardUnpublished ─▶ "discarded": may be written over
 */
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { AXES, alignOut, type Box, box, map3, toXyz } from "../../geometry/box.ts";
import type { MakeOptions, VolumeSpec, VolumeStore } from "../types.ts";
import { lockedAdvice } from "./errors.ts";
import { connectDvid } from "./http.ts";
import { createInstance, type DvidInstance, readInstance, setExtents } from "./instances.ts";
import type { KeyValuePlace } from "./key-value.ts";
import { isWrittenBy, type Marker, readMarker, union, writeMarker } from "./marker.ts";
import { type DvidVolumeName, formatDvidName } from "./name.ts";
import { hasGzip, isOlder, openDvidVolume, resolveName } from "./open.ts";
import { type DvidRepo, readRepo, versionIn } from "./repos.ts";
import { BLOCK, coarserScales, type InstanceType, instanceSettings, instanceTypeFor } from "./spec.ts";
import { notAsNeeded } from "./volume.ts";

interface Destination {
  readonly name: DvidVolumeName;
  readonly source: string;
  readonly place: KeyValuePlace;
  readonly repo: DvidRepo;
  /** null: not made yet. */
  readonly instance: DvidInstance | null;
  readonly marker: Marker | null;
}

async function lookAt(rest: string, options?: CallOptions): Promise<Destination> {
  const name = await resolveName(rest, options);
  const connection = connectDvid(name.origin);
  const place = { connection, uuid: name.version, instance: name.instance };
  const source = formatDvidName(name);
  if (name.scale !== 0 || name.supervoxels || name.owner !== undefined)
    throw notAsNeeded(source, "a volume is written under its plain name, without a query");
  const [repo, instance, marker] = await Promise.all([
    readRepo(connection, name.version, options),
    readInstance(connection, name.version, name.instance, options).catch(absent),
    readMarker(place, options),
  ]);
  return { name, source, place, repo, instance, marker };
}

function absent(error: unknown): null {
  if (isAxonloomError(error) && error.code === "E_SOURCE_NOT_FOUND") return null;
  throw error;
}

export async function exists(rest: string, options?: CallOptions): Promise<boolean> {
  return isThere(await lookAt(rest, options));
}

/**
 * Whether this version of the instance was written and is finished. Labels: also without a marker, when a label was written or an id reserved in
 * this version; those that it inherits do not count. Grey values and `labelblk`, of which the server tells less: when there are any.
 */
function isThere({ instance, marker, name, repo }: Destination): boolean {
  if (instance === null) return false;
  if (marker !== null) return marker.state === "done";
  if (instance.type === "uint8blk" || instance.type === "labelblk") return instance.extents !== null;
  return instance.labelledVersions.includes(versionIn(repo, name.version).id);
}

export async function checkCanCreate(
  rest: string,
  { replace = false, empty = false, owner, ...options }: MakeOptions = {},
): Promise<void> {
  const destination = await lookAt(rest, options);
  checkOpen(destination);
  checkFree(destination, replace);
  if (empty) checkEmpty(destination, owner);
  const { instance, source, marker } = destination;
  if (!replace && owner !== undefined && marker?.state === "writing" && marker.owner !== owner)
    throw unfinished(source, marker, owner);
  if (instance !== null) checkType(destination, instance, instance.type === "uint8blk" ? "uint8blk" : "labelmap");
}

export async function create(
  rest: string,
  spec: VolumeSpec,
  { replace = false, empty = false, owner = "", ...options }: MakeOptions = {},
): Promise<VolumeStore> {
  const destination = await lookAt(rest, options);
  const { name, source, place, instance, marker } = destination;
  const type = instanceTypeFor(source, spec);
  checkOpen(destination);
  checkFree(destination, replace);
  if (empty) checkEmpty(destination, owner);
  if (marker?.state === "writing" && (!replace || marker.owner === owner)) throw unfinished(source, marker, owner);
  if (instance === null) {
    await createInstance(place.connection, name.version, instanceSettings(source, name.instance, type, spec), options);
  } else {
    checkType(destination, instance, type);
    checkScales(source, instance, spec);
  }
  const before = marker === null || marker.state === "done" ? (instance?.extents ?? null) : marker.before;
  const wasEmpty = marker?.owner === owner ? marker.empty : !holdsLabels(destination);
  await writeMarker(
    place,
    { version: name.version, owner, state: "writing", bounds: spec.bounds, before, empty: wasEmpty },
    options,
  );
  // Two may have looked at once: the last one to write it has it.
  const now = await readMarker(place, options);
  if (now !== null && now.owner !== owner) throw unfinished(source, now, owner);
  return await openFor(name, owner, options);
}

/** Under a name that opens only as long as this owner writes the volume. */
async function openFor(name: DvidVolumeName, owner: string, options?: CallOptions): Promise<VolumeStore> {
  const source = formatDvidName(owner === "" ? name : { ...name, owner });
  return await openDvidVolume(source.slice("dvid://".length), options);
}

export async function openUnpublished(rest: string, { owner = "", ...options }: MakeOptions = {}): Promise<VolumeStore | null> {
  const { marker, instance, name } = await lookAt(rest, options);
  return instance !== null && isWrittenBy(marker, owner) ? await openFor(name, owner, options) : null;
}

/** What was written stays on the server; the marker says that it may be written over. */
export async function discardUnpublished(rest: string, { owner = "", ...options }: MakeOptions = {}): Promise<void> {
  const { marker, place } = await lookAt(rest, options);
  if (marker === null || !isWrittenBy(marker, owner)) return;
  await writeMarker(place, { ...marker, state: "discarded" }, options);
}

/** Sets the extents to the volume's bounds and what was there before, and marks the volume as done. Repeatable. */
export async function publish(rest: string, { owner = "", ...options }: MakeOptions = {}): Promise<VolumeStore> {
  const { marker, place, name, source, instance } = await lookAt(rest, options);
  if (marker === null || marker.owner !== owner || marker.state === "discarded") {
    const message = `${source}: nothing to publish: this version has no volume that was begun under this name and not discarded`;
    throw new AxonloomError("E_SOURCE_NOT_FOUND", message, { source });
  }
  if (marker.state === "writing") {
    if (instance !== null && !isOlder(instance)) {
      await setExtents(place.connection, name.version, name.instance, extentsOf(marker, instance), options);
    }
    await writeMarker(place, { ...marker, state: "done" }, options);
  }
  return await openDvidVolume(rest, options);
}

/** The volume's bounds and what was there before; also what somebody else has written beyond their blocks meanwhile. */
function extentsOf(marker: Marker, { extents }: DvidInstance): Box {
  const made = union(marker.bounds, marker.before);
  if (extents === null) return made;
  const blocks = alignOut(made, BLOCK);
  return box(
    map3((a) => (extents.start[a] < blocks.start[a] ? extents.start[a] : made.start[a])),
    map3((a) => (extents.stop[a] > blocks.stop[a] ? extents.stop[a] : made.stop[a])),
  );
}

function checkOpen({ repo, name, source }: Destination): void {
  if (!versionIn(repo, name.version).locked) return;
  const place = formatDvidName({ ...name, instance: null });
  throw new AxonloomError("E_DVID_LOCKED", `${source}: the version is committed; ${lockedAdvice(place)}`, { source });
}

function checkFree(destination: Destination, replace: boolean): void {
  if (replace || !isThere(destination)) return;
  const { source } = destination;
  const message = `${source}: this version of the instance holds data already; expected a new instance, or a version in which it was not written: choose another name or version`;
  throw new AxonloomError("E_DESTINATION_EXISTS", message, { source });
}

/** `mutateseg: no`: nobody but this owner has written labels to any version. */
function checkEmpty(destination: Destination, owner: string | undefined): void {
  const { source, marker } = destination;
  if (!holdsLabels(destination) || (marker?.empty === true && marker.owner === owner)) return;
  const message = `${source}: expected a new instance, or one without labels in any version, found one with labels: choose another name, or allow it to be changed (options.mutateseg: auto)`;
  throw new AxonloomError("E_DESTINATION_EXISTS", message, { source });
}

function holdsLabels({ instance }: Destination): boolean {
  return (instance?.labelledVersions.length ?? 0) > 0;
}

function unfinished(source: string, marker: Marker, owner: string): AxonloomError {
  const whose = marker.owner === owner ? "" : ` by another (${marker.owner || "no run"})`;
  const message = `${source}: an unfinished volume was begun here${whose}; another process may be writing it, or one was ended: go on with that run, or choose another name or version`;
  return new AxonloomError("E_DESTINATION_EXISTS", message, { source, owner: marker.owner });
}

/** Of an instance that is there: the type, versions, blocks that can be sent, a block size that fits the write grid, ids that are counted. */
function checkType({ source, marker }: Destination, instance: DvidInstance, type: InstanceType): void {
  const { blockSize } = instance;
  const older = isOlder(instance);
  if (instance.type !== type && !(older && type === "labelmap")) {
    throw notAsNeeded(source, `expected an instance of type ${type}, found ${instance.type}; choose another name`);
  }
  const fits = blockSize !== null && AXES.every((a) => (older ? BLOCK[a] % blockSize[a] === 0 : blockSize[a] === BLOCK[a]));
  if (!fits) {
    const found = blockSize === null ? "none" : toXyz(blockSize).join(" x ");
    throw notAsNeeded(source, `expected blocks of ${BLOCK.join(" x ")} voxels, found ${found}; choose another name`);
  }
  if (!instance.versioned) {
    throw notAsNeeded(source, "it is not versioned: what is written there is written to every version; choose another name");
  }
  if (instance.type !== "labelmap") return;
  if (!hasGzip({ instance })) {
    throw notAsNeeded(
      source,
      `expected an instance made without "Compression" (gzip), found ${instance.compression}; choose another name`,
    );
  }
  if (!instance.indexed) {
    throw notAsNeeded(source, "it was made with IndexedLabels: false, so the server counts no ids there; choose another name");
  }
  if (marker === null && instance.extents !== null && instance.labelledVersions.length === 0) {
    const why =
      "it has voxels, but the server knows no highest id (MaxLabel), so new ids could be those that are there: set it (POST …/maxlabel/<highest id>), or choose another name";
    throw notAsNeeded(source, why);
  }
}

function checkScales(source: string, instance: DvidInstance, spec: VolumeSpec): void {
  if (spec.options?.levels === undefined || instance.coarserScales === coarserScales(source, spec)) return;
  const [found, wanted] = [instance.coarserScales + 1, spec.options.levels];
  throw notAsNeeded(
    source,
    `expected ${wanted} levels, found an instance with ${found}; leave out the option, or choose another name`,
  );
}
