/** What a DVID server has, and the few things that have to be made there before a volume can be written: repos and versions. */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { shapeOf, toXyz } from "../geometry/box.ts";
import { forEachParallel } from "../parallel.ts";
import { connectDvid, type DvidConnection } from "../store/dvid/http.ts";
import { type DvidInstance, readInstance } from "../store/dvid/instances.ts";
import { notesOf, readMarker } from "../store/dvid/marker.ts";
import { type DvidName, formatDvidName, parseDvidName } from "../store/dvid/name.ts";
import {
  commitVersion,
  createRepo,
  createVersion,
  type DvidRepo,
  listRepos,
  readRepo,
  resolveVersion,
  versionIn,
} from "../store/dvid/repos.ts";
import { splitScheme } from "../store/source-name.ts";

export interface DvidDescription {
  readonly server: string;
  readonly repos: readonly DvidRepoDescription[];
}

export interface DvidRepoDescription {
  readonly root: string;
  readonly alias: string;
  readonly description: string;
  readonly versions: readonly DvidVersionDescription[];
  /** Of which version `instances` tells. */
  readonly "instances-of": string;
  readonly instances: readonly DvidInstanceDescription[];
}

export interface DvidVersionDescription {
  readonly version: string;
  readonly branch: string;
  readonly committed: boolean;
  readonly note: string;
  /** Ids of the versions that it follows. */
  readonly parents: readonly string[];
}

/** Triples are x, y, z; null where nothing was written, or the instance has no voxels. */
export interface DvidInstanceDescription {
  readonly name: string;
  readonly type: string;
  readonly "size-xyz": readonly [number, number, number] | null;
  readonly "offset-xyz": readonly [number, number, number] | null;
  readonly "voxel-size-xyz": readonly [number, number, number] | null;
  readonly "block-xyz": readonly [number, number, number] | null;
  readonly scales: number;
}

const INSTANCES_AT_ONCE = 4;

/** Whether a name is that of a DVID server or one of its versions, not of a volume. */
export function isDvidPlace(source: string): boolean {
  const split = splitScheme(source);
  return split?.scheme === "dvid" && parseDvidName(split.rest).instance === null;
}

/** Repos, versions and instances of a server, or of the repo of one version (`dvid://host`, `dvid://host/<version>`). */
export async function describeDvid(source: string, options: CallOptions = {}): Promise<DvidDescription> {
  const name = placeOf(source);
  const connection = connectDvid(name.origin);
  if (name.version === null) {
    const repos = await listRepos(connection, options);
    return { server: name.origin, repos: repos.map((repo) => repoDescription(repo, newestOf(repo), repo.instances)) };
  }
  const version = await resolveVersion(connection, name.version, options);
  const repo = await readRepo(connection, version, options);
  const instances = await instancesAt(connection, repo, version, options);
  return { server: name.origin, repos: [repoDescription(repo, version, instances)] };
}

/** The server lists instances with the extents of the main branch's newest version: others are asked for one by one. */
async function instancesAt(
  connection: DvidConnection,
  repo: DvidRepo,
  version: string,
  options: CallOptions,
): Promise<readonly DvidInstance[]> {
  if (version === newestOf(repo)) return repo.instances;
  const found = [...repo.instances];
  const ask = async (i: number) => {
    if (found[i]!.extents !== null) found[i] = await readInstance(connection, version, found[i]!.name, options);
  };
  await forEachParallel(found.keys(), INSTANCES_AT_ONCE, ask, options);
  return found;
}

function newestOf({ versions, root }: DvidRepo): string {
  const main = versions.filter(({ branch }) => branch === "master");
  return main.at(-1)?.uuid ?? root;
}

function repoDescription(repo: DvidRepo, version: string, instances: readonly DvidInstance[]): DvidRepoDescription {
  const uuids = new Map(repo.versions.map(({ id, uuid }) => [id, uuid]));
  return {
    root: repo.root,
    alias: repo.alias,
    description: repo.description,
    versions: repo.versions.map(({ uuid, branch, locked, note, parents }) => ({
      version: uuid,
      branch,
      committed: locked,
      note,
      parents: parents.map((id) => uuids.get(id) ?? String(id)),
    })),
    "instances-of": version,
    instances: instances.map(({ name, type, extents, voxelSize, blockSize, coarserScales }) => ({
      name,
      type,
      "size-xyz": extents === null ? null : toXyz(shapeOf(extents)),
      "offset-xyz": extents === null ? null : toXyz(extents.start),
      "voxel-size-xyz": voxelSize === null ? null : toXyz(voxelSize),
      "block-xyz": blockSize === null ? null : toXyz(blockSize),
      scales: coarserScales + 1,
    })),
  };
}

export interface NewVersionOptions extends CallOptions {
  /** Begins this branch; otherwise the branch of the version goes on. */
  readonly branch?: string;
  /** Commits the version first when it is open. */
  readonly commit?: boolean;
  /** Of the new version, and of the commit. */
  readonly note?: string;
}

/**
 * Makes an open version after one (`dvid://host/<version>`), and returns its name. `E_DVID_VERSION` when that one is open and shall not be
 * committed, or a run is still writing to it, `E_DESTINATION_EXISTS` when its branch goes on already, or the new one exists.
 */
export async function newDvidVersion(source: string, options: NewVersionOptions = {}): Promise<string> {
  const { branch = null, commit = false, note = "" } = options;
  const name = placeOf(source);
  if (name.version === null) throw noPlace(source, "it names no version: expected dvid://host:port/<version>");
  const connection = connectDvid(name.origin);
  const parent = await resolveVersion(connection, name.version, options);
  const { locked } = versionIn(await readRepo(connection, parent, options), parent);
  if (!locked && commit) {
    await checkNothingIsWritten(connection, parent, options);
    await commitVersion(connection, parent, note, options);
  }
  const version = await createVersion(connection, parent, { branch, note }, options);
  return formatDvidName({ ...name, version });
}

/** Labels that a run has half written would stay so for ever: `E_DVID_VERSION`. */
async function checkNothingIsWritten(connection: DvidConnection, uuid: string, options: CallOptions): Promise<void> {
  const names = new Set((await readRepo(connection, uuid, options)).instances.map((instance) => instance.name));
  const noted = [...names].filter((instance) => names.has(notesOf({ connection, uuid, instance }).instance));
  const look = async (instance: string) => {
    const marker = await readMarker({ connection, uuid, instance }, options);
    if (marker?.state !== "writing") return;
    const volume = formatDvidName({ origin: connection.origin, version: uuid, instance, scale: 0, supervoxels: false });
    const message = `${volume}: a run (${marker.owner || "without a name"}) is writing it, or was ended while it did: expected it to end first, since a committed version is never changed; let it go on, then commit`;
    throw new AxonloomError("E_DVID_VERSION", message, { source: volume, owner: marker.owner });
  };
  await forEachParallel(noted, INSTANCES_AT_ONCE, look, options);
}

/** Makes a repo on a server (`dvid://host`), and returns the name of its first version, which is open. `E_DVID_DENIED` without the admin token. */
export async function newDvidRepo(
  source: string,
  { alias, description = "", ...options }: CallOptions & { readonly alias: string; readonly description?: string },
): Promise<string> {
  const name = placeOf(source);
  if (name.version !== null) throw noPlace(source, "a repo is made on a server: expected dvid://host:port");
  const version = await createRepo(connectDvid(name.origin), alias, description, options);
  return formatDvidName({ ...name, version });
}

function placeOf(source: string): DvidName {
  const split = splitScheme(source);
  if (split?.scheme !== "dvid") throw noPlace(source, "expected dvid://host:port or dvid://host:port/<version>");
  const name = parseDvidName(split.rest);
  if (name.instance !== null) throw noPlace(source, "it names an instance: expected dvid://host:port/<version>");
  return name;
}

function noPlace(source: string, why: string): AxonloomError {
  return new AxonloomError("E_SOURCE_NAME", `the name "${source}" cannot be used here: ${why}`, { name: source });
}
