/** Repositories, the graph of their versions, and values that a version inherits from its ancestors. */
import { randomBytes } from "node:crypto";
import { Refusal } from "./call.ts";
import type { Instance } from "./instance.ts";

export interface Version {
  readonly uuid: string;
  readonly id: number;
  readonly repo: Repo;
  readonly parent: Version | null;
  readonly children: Version[];
  /** Empty: master. */
  readonly branch: string;
  note: string;
  readonly log: string[];
  locked: boolean;
  readonly created: string;
  updated: string;
}

export interface Repo {
  readonly root: string;
  alias: string;
  description: string;
  readonly log: string[];
  readonly instances: Map<string, Instance>;
  readonly versions: Map<string, Version>;
  mutationId: number;
  readonly created: string;
  updated: string;
}

/** Values by version and key; reading walks from the version to the root. */
export class Versioned<T> {
  readonly #values = new Map<string, Map<number, T | null>>();

  get(version: Version, key: string): T | undefined {
    const at = this.#values.get(key);
    if (at === undefined) return undefined;
    for (let v: Version | null = version; v !== null; v = v.parent) {
      const value = at.get(v.id);
      if (value !== undefined) return value ?? undefined;
    }
    return undefined;
  }

  /** Whether any version has had a value. */
  known(key: string): boolean {
    return this.#values.has(key);
  }

  /** null: no longer there, in this version and its descendants. */
  set(version: Version, key: string, value: T | null): void {
    const at = this.#values.get(key) ?? new Map<number, T | null>();
    at.set(version.id, value);
    this.#values.set(key, at);
  }

  *entries(version: Version): Generator<[string, T]> {
    for (const key of this.#values.keys()) {
      const value = this.get(version, key);
      if (value !== undefined) yield [key, value];
    }
  }
}

export const newUuid = (): string => randomBytes(16).toString("hex");

/** All repositories of a server; versions are numbered through. */
export class Repos {
  readonly all = new Map<string, Repo>();
  #nextVersion = 1;

  create(root: string, alias: string, description: string): Repo {
    const now = new Date().toISOString();
    const repo: Repo = {
      root,
      alias,
      description,
      log: [],
      instances: new Map(),
      versions: new Map(),
      mutationId: 1_000_000_000,
      created: now,
      updated: now,
    };
    this.all.set(root, repo);
    this.#add(repo, root, null, "", "");
    return repo;
  }

  #add(repo: Repo, uuid: string, parent: Version | null, branch: string, note: string): Version {
    const now = new Date().toISOString();
    const version: Version = {
      uuid,
      id: this.#nextVersion++,
      repo,
      parent,
      children: [],
      branch,
      note,
      log: [],
      locked: false,
      created: now,
      updated: now,
    };
    repo.versions.set(uuid, version);
    parent?.children.push(version);
    return version;
  }

  /** A version by a unique prefix of its uuid, or `<prefix>:<branch>`: the leaf of that branch. */
  find(text: string): Version {
    const [prefix = "", branch, more] = text.split(":");
    if (more !== undefined) throw new Refusal(`bad UUID specification ${JSON.stringify(text)}`);
    let found: Version[] = [];
    if (prefix === "" && branch !== undefined) {
      if (this.all.size > 1) throw new Refusal("UUID must be specified if more than one repo exists");
      found = [...this.all.values()].map((repo) => repo.versions.get(repo.root)!);
    } else {
      for (const repo of this.all.values())
        for (const version of repo.versions.values()) if (version.uuid.startsWith(prefix)) found.push(version);
      if (found.length > 1) throw new Refusal(`more than one UUID matches ${prefix}`);
    }
    const version = found[0];
    if (version === undefined) throw new Refusal(`could not find UUID with partial match to ${prefix}`);
    if (branch === undefined || branch === "") return version;
    const [name = "", back] = branch.split("~");
    const line = branchVersions(version.repo, name);
    if (line.length === 0) throw new Refusal(`branch ${JSON.stringify(name)} not found in repo ${JSON.stringify(version.uuid)}`);
    const place = back === undefined ? 0 : Number(back);
    const chosen = line[place];
    if (chosen === undefined) throw new Refusal(`parent ${place} is out of range for branch ${JSON.stringify(name)}`);
    return chosen;
  }

  /** A child of a committed version; without a branch name it goes on with its parent's. */
  child(parent: Version, branch: string | null, note: string, uuid: string | null): Version {
    if (!parent.locked) throw new Refusal("can't branch an unlocked node");
    const name = branch === null || branch === parent.branch ? parent.branch : branch;
    const taken = name === parent.branch ? parent.children : [...parent.repo.versions.values()];
    if (taken.some((other) => other.branch === name)) throw new Refusal("branch already exists with given name");
    if (uuid !== null && !/^[0-9a-f]{32}$/i.test(uuid)) throw new Refusal(`Bad UUID provided: bad UUID ${JSON.stringify(uuid)}`);
    return this.#add(parent.repo, uuid ?? newUuid(), parent, name, note);
  }
}

/** Versions of a branch with their ancestors, the leaf first. */
export function branchVersions(repo: Repo, branch: string): Version[] {
  const name = branch === "master" ? "" : branch;
  let leaf: Version | null = null;
  for (const version of repo.versions.values()) if (version.branch === name) leaf = version;
  const line: Version[] = [];
  for (let v = leaf; v !== null; v = v.parent) line.push(v);
  return line;
}

export function repoJson(repo: Repo): string {
  const instances = [...repo.instances.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const leaf = branchVersions(repo, "master")[0]!;
  const nodes = [...repo.versions.values()].map((v) => {
    const node = {
      Branch: v.branch,
      Note: v.note,
      Log: v.log,
      UUID: v.uuid,
      VersionID: v.id,
      Locked: v.locked,
      Parents: v.parent === null ? [] : [v.parent.id],
      Children: v.children.map((child) => child.id),
      Created: v.created,
      Updated: v.updated,
    };
    return `${JSON.stringify(v.uuid)}:${JSON.stringify(node)}`;
  });
  const text = JSON.stringify;
  return (
    `{"Root":${text(repo.root)},"Alias":${text(repo.alias)},"Description":${text(repo.description)},"Log":${text(repo.log)},"Properties":{},` +
    `"DataInstances":{${instances.map((i) => `${text(i.name)}:${i.info(leaf)}`).join(",")}},` +
    `"DAG":{"Root":${text(repo.root)},"Nodes":{${nodes.join(",")}}},"MutationID":${repo.mutationId},` +
    `"SavedMutationID":${repo.mutationId + 100},"Created":${text(repo.created)},"Updated":${text(repo.updated)}}`
  );
}
