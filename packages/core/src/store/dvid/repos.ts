/** Repos of a DVID server and their versions: a graph in which a version is open until it is committed (locked), and children follow then. */
import { z } from "zod";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { apiPath, type DvidConnection } from "./http.ts";
import { type DvidInstance, instanceOf, instanceSchema } from "./instances.ts";

export interface DvidVersion {
  /** 32 hexadecimal digits. */
  readonly uuid: string;
  /** The server's number of it, by which versions name their parents and children. */
  readonly id: number;
  readonly branch: string;
  /** Committed: read only. */
  readonly locked: boolean;
  readonly note: string;
  readonly parents: readonly number[];
  readonly children: readonly number[];
}

export interface DvidRepo {
  readonly root: string;
  readonly alias: string;
  readonly description: string;
  /** In the order in which they were made. */
  readonly versions: readonly DvidVersion[];
  /** With the extents of the main branch's newest version. */
  readonly instances: readonly DvidInstance[];
  /** Counts the changes of voxels and labels in all versions and instances. */
  readonly mutations: number;
}

const MAIN_BRANCH = "master";

const repoSchema = z.object({
  Root: z.string(),
  Alias: z.string(),
  Description: z.string(),
  DataInstances: z.record(z.string(), instanceSchema),
  DAG: z.object({
    Nodes: z.record(
      z.string(),
      z.object({
        Branch: z.string(),
        Note: z.string(),
        UUID: z.string(),
        VersionID: z.number(),
        Locked: z.boolean(),
        Parents: z.array(z.number()).nullable(),
        Children: z.array(z.number()).nullable(),
      }),
    ),
  }),
  MutationID: z.number(),
});

function repoOf(json: z.infer<typeof repoSchema>): DvidRepo {
  const versions = Object.values(json.DAG.Nodes).map((node) => ({
    uuid: node.UUID,
    id: node.VersionID,
    branch: node.Branch === "" ? MAIN_BRANCH : node.Branch,
    locked: node.Locked,
    note: node.Note,
    parents: node.Parents ?? [],
    children: node.Children ?? [],
  }));
  return {
    root: json.Root,
    alias: json.Alias,
    description: json.Description,
    versions: versions.sort((a, b) => a.id - b.id),
    instances: Object.values(json.DataInstances)
      .map(instanceOf)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    mutations: json.MutationID,
  };
}

export function jsonOf(answer: Uint8Array): unknown {
  return JSON.parse(Buffer.from(answer).toString());
}

/** All repos of the server. */
export async function listRepos(connection: DvidConnection, options?: CallOptions): Promise<DvidRepo[]> {
  const decode = (answer: Uint8Array) => Object.values(z.record(z.string(), repoSchema).parse(jsonOf(answer))).map(repoOf);
  return await connection.read({ method: "GET", path: "/repos/info" }, decode, options);
}

/** The repo that holds a version, by its id or a unique beginning. `E_DVID_VERSION`. */
export async function readRepo(connection: DvidConnection, uuid: string, options?: CallOptions): Promise<DvidRepo> {
  const call = { method: "GET", path: apiPath("repo", uuid, "info") } as const;
  return await connection.read(call, (answer) => repoOf(repoSchema.parse(jsonOf(answer))), options);
}

/** The version of that full id. */
export function versionIn(repo: DvidRepo, uuid: string): DvidVersion {
  const found = repo.versions.find((version) => version.uuid === uuid);
  if (found !== undefined) return found;
  throw new AxonloomError("E_DVID_VERSION", `the repo ${repo.root} has no version ${uuid}`, { root: repo.root, uuid });
}

/**
 * The full id of a version that is named by an id, a unique beginning of one, or `<repo>:<branch>`. A full id is given back without a look
 * at the server. `E_DVID_VERSION`.
 */
export async function resolveVersion(connection: DvidConnection, name: string, options?: CallOptions): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(name)) return name;
  const colon = name.indexOf(":");
  if (colon < 0) {
    const repo = await findRepo(connection, name, options);
    const found = repo.versions.filter(({ uuid }) => uuid.startsWith(name));
    if (found.length === 1) return found[0]!.uuid;
    throw unknownVersion(connection, name, `it is the alias of a repo: name a branch of it too, as in "${name}:${MAIN_BRANCH}"`);
  }
  const branch = name.slice(colon + 1) || MAIN_BRANCH;
  const repo = await findRepo(connection, name.slice(0, colon), options);
  const leaf = leafOf(repo, branch);
  if (leaf !== null) return leaf.uuid;
  const known = [...new Set(repo.versions.map((version) => version.branch))].join(", ");
  throw unknownVersion(connection, name, `the repo has no branch "${branch}"; it has: ${known}`);
}

/** The newest version of a branch; null when there is no such branch. */
export function leafOf({ versions }: DvidRepo, branch: string): DvidVersion | null {
  const own = versions.filter((version) => version.branch === branch);
  const inBranch = new Set(own.map(({ id }) => id));
  return own.find(({ children }) => !children.some((child) => inBranch.has(child))) ?? null;
}

async function findRepo(connection: DvidConnection, name: string, options?: CallOptions): Promise<DvidRepo> {
  if (/^[0-9a-f]{1,32}$/.test(name)) {
    try {
      return await readRepo(connection, name, options);
    } catch (error) {
      if (!isAxonloomError(error) || error.code !== "E_DVID_VERSION" || !/could not find/.test(error.message)) throw error;
    }
  }
  const repos = await listRepos(connection, options);
  const found = repos.filter(({ alias }) => alias === name);
  if (found.length === 1) return found[0]!;
  const why =
    found.length > 1
      ? `${found.length} repos have that alias; take the beginning of a version's id instead: ${found.map(({ root }) => root).join(", ")}`
      : `expected the beginning of a version's id or the alias of a repo; there are ${reposOf(repos)}`;
  throw unknownVersion(connection, name, why);
}

function reposOf(repos: readonly DvidRepo[]): string {
  if (repos.length === 0) return "no repos on the server (`axonloom dvid new-repo` makes one)";
  return `the repos ${repos.map(({ alias, root }) => `"${alias}" (${root})`).join(", ")}`;
}

function unknownVersion({ origin }: DvidConnection, name: string, why: string): AxonloomError {
  return new AxonloomError("E_DVID_VERSION", `${origin}: there is no one version "${name}": ${why}`, { origin, version: name });
}

/** Makes a repo, with one open version, whose id it returns. The server's administrator only. */
export async function createRepo(
  connection: DvidConnection,
  alias: string,
  description: string,
  options?: CallOptions,
): Promise<string> {
  const body = JSON.stringify({ alias, description });
  return await idFrom(connection, { path: "/repos", body, admin: true }, "root", options);
}

/** Locks a version for ever. `E_DVID_LOCKED` when it is locked already. */
export async function commitVersion(connection: DvidConnection, uuid: string, note: string, options?: CallOptions): Promise<void> {
  const call = { method: "POST", path: apiPath("node", uuid, "commit"), body: JSON.stringify({ note }) } as const;
  await connection.call(call, options);
}

/** Makes an open version after a locked one, on its branch or as the first of a new branch; returns its id. */
export async function createVersion(
  connection: DvidConnection,
  parent: string,
  { branch, note }: { readonly branch: string | null; readonly note: string },
  options?: CallOptions,
): Promise<string> {
  const path = apiPath("node", parent, branch === null ? "newversion" : "branch");
  const body = JSON.stringify({ note, ...(branch === null ? {} : { branch }) });
  return await idFrom(connection, { path, body }, "child", options);
}

async function idFrom(
  connection: DvidConnection,
  call: { readonly path: string; readonly body: string; readonly admin?: boolean },
  key: string,
  options?: CallOptions,
): Promise<string> {
  const decode = (answer: Uint8Array) => z.object({ [key]: z.string().length(32) }).parse(jsonOf(answer))[key]!;
  return await connection.read({ method: "POST", ...call }, decode, options);
}
