/** What a path means: the server itself, repositories, versions, instances. Refuses as the server does, in its order. */
import { type Answer, type Call, done, json, jsonObject, Refusal } from "./call.ts";
import { Grey } from "./grey.ts";
import { baseOf, type Instance, knownType, Settings } from "./instance.ts";
import { KeyValue } from "./keyvalue.ts";
import { type LabelOptions, Labels } from "./labels/index.ts";
import { Roi } from "./roi.ts";
import { branchVersions, newUuid, type Repo, Repos, repoJson, type Version } from "./versions.ts";

const notFound: Answer = { status: 404, type: "text/plain; charset=utf-8", body: "404 page not found\n" };
const text = JSON.stringify;
const stamp = (line: string) => `${new Date().toISOString().replace(/\.\d+Z$/, "Z")}  ${line}`;

export class Routes {
  readonly repos = new Repos();
  readonly #options: LabelOptions;
  readonly #started = Date.now();

  constructor(options: LabelOptions) {
    this.#options = options;
  }

  answer(call: Call): Answer | Promise<Answer> {
    const [area, uuid, ...rest] = call.parts;
    if (area === "heartbeat") return { type: "text/plain; charset=utf-8", body: "OK" };
    if (area === "load") return json('{"handlers active":0,"pending chunk reads":0}');
    if (area === "server") return this.#server(uuid);
    if (area === "repos" && uuid === "info" && call.method === "GET") {
      return json(`{${[...this.repos.all.values()].map((repo) => `${text(repo.root)}:${repoJson(repo)}`).join(",")}}`);
    }
    if (area === "repos" && uuid === undefined && call.method === "POST") return this.#newRepo(call);
    if (area === "repo" && uuid !== undefined) return this.#repo(call, this.repos.find(uuid), rest);
    if (area === "node" && uuid !== undefined && rest.length === 1) return this.#node(call, this.repos.find(uuid), rest[0]!);
    if (area === "node" && uuid !== undefined && rest.length > 1)
      return this.#instance(call, this.repos.find(uuid), rest[0]!, rest[1]!);
    return notFound;
  }

  #server(what: string | undefined): Answer {
    const types = ["uint8blk", "labelmap", "labelarray", "labelblk", "roi", "keyvalue"];
    switch (what) {
      case "info":
        return json(
          text({
            Cores: "2",
            "DVID Version": "stand-in",
            "Datastore Version": "0.11.0",
            Host: "localhost",
            "Max Open Files": "20000",
            "Maximum Cores": "2",
            Note: "",
            "RPC Address": "",
            "Server time": new Date().toISOString(),
            "Server uptime": `${(Date.now() - this.#started) / 1000}s`,
            "Storage backend": "memory",
            "TOML location": "",
          }),
        );
      case "note":
        return { type: "text/plain", body: "" };
      case "compiled-types":
        return json(text(Object.fromEntries(types.map((type) => [type, `github.com/janelia-flyem/dvid/datatype/${type}`]))));
      default:
        return notFound;
    }
  }

  #newRepo(call: Call): Answer {
    if (!call.admin) {
      throw new Refusal("Creating a repo requires admin privileges (admintoken or DSG admin) on a server that is not read-only");
    }
    const settings = new Settings(jsonObject(call.body, "empty"));
    const repo = this.repos.create(
      settings.text("root") ?? newUuid(),
      settings.text("alias") ?? "",
      settings.text("description") ?? "",
    );
    return json(`{"root": ${text(repo.root)}}`);
  }

  #repo(call: Call, version: Version, [what, name]: readonly string[]): Answer {
    const { repo } = version;
    switch (what) {
      case undefined:
        return { type: "text/plain", body: call.method === "HEAD" ? "" : `Repo available with root UUID ${repo.root}\n` };
      case "info":
        return json(repoJson(repo));
      case "branch-versions":
        return json(text(branchVersions(repo, name ?? "master").map((v) => v.uuid)));
      case "instance":
        return this.#newInstance(call, version);
      case "log":
        return this.#log(call, repo.log);
      default:
        return notFound;
    }
  }

  #newInstance(call: Call, version: Version): Answer {
    const { repo } = version;
    if (version.locked && !call.admin) throw new Refusal(`New data instance cannot be created on locked node ${version.uuid}`);
    const config = jsonObject(call.body);
    const settings = new Settings(config);
    const [type, name] = [config["typename"], config["dataname"]];
    if (typeof type !== "string") throw new Refusal("POST on repo endpoint requires specification of valid 'typename'");
    if (typeof name !== "string") throw new Refusal("POST on repo endpoint requires specification of valid 'dataname'");
    if (!knownType(type)) throw new Refusal(`Data type ${text(type)} is not supported by current DVID server`);
    if (repo.instances.has(name)) throw new Refusal(`Data named ${text(name)} already exists in repo (root ${repo.root})`);
    repo.instances.set(name, this.#make(repo, name, type, settings));
    repo.log.push(stamp(`New data instance ${text(name)} of type ${text(type)} with config {map[…]}`));
    return json(`{"result": "Added ${name} [${type}] to node ${version.uuid}"}`);
  }

  #make(repo: Repo, name: string, type: string, settings: Settings): Instance {
    const base = baseOf(repo, name, type, settings);
    switch (type) {
      case "uint8blk":
        return new Grey(base, settings);
      case "roi":
        return new Roi(base, settings);
      case "keyvalue":
        return new KeyValue(base);
      default:
        return new Labels(base, settings, this.#options);
    }
  }

  #log(call: Call, log: string[]): Answer {
    if (call.method === "GET") return json(text({ log }));
    const lines = jsonObject(call.body, "empty")["log"];
    if (!Array.isArray(lines)) throw new Refusal("Could not find 'log' value in POSTed JSON.");
    log.push(...(lines as string[]).map(stamp));
    return done;
  }

  #node(call: Call, version: Version, what: string): Answer {
    const changes = call.method !== "GET" && call.method !== "HEAD";
    if (changes && version.locked && !call.admin && !["branch", "newversion", "tag"].includes(what)) {
      throw new Refusal(`Cannot do ${call.method.toLowerCase()} on locked node ${version.uuid}`);
    }
    switch (what) {
      case "status":
        return json(`{"Locked":${version.locked}}`);
      case "commit":
        return changes ? this.#commit(call, version) : json(`{"Locked":${version.locked}}`);
      case "note": {
        if (!changes) return json(text({ note: version.note }));
        const { note } = jsonObject(call.body, "empty");
        if (typeof note !== "string") throw new Refusal("Could not find 'note' value in POSTed JSON.");
        version.note = note;
        return done;
      }
      case "log":
        return this.#log(call, version.log);
      case "newversion": {
        const { note, uuid } = jsonObject(call.body, "empty") as { note?: string; uuid?: string };
        return json(`{"child": ${text(this.repos.child(version, null, note ?? "", uuid ?? null).uuid)}}`);
      }
      case "branch": {
        const { branch, note, uuid } = jsonObject(call.body, "empty") as { branch?: string; note?: string; uuid?: string };
        if (branch === undefined || branch === "" || branch === "master") throw new Refusal("Cannot create a master branch");
        return json(`{"child": ${text(this.repos.child(version, branch, note ?? "", uuid ?? null).uuid)}}`);
      }
      default:
        return notFound;
    }
  }

  #commit(call: Call, version: Version): Answer {
    const { note, log } = jsonObject(call.body) as { note?: string; log?: string[] };
    version.locked = true;
    if (note !== undefined && note !== "") version.note = note;
    version.log.push(...(log ?? []).map(stamp));
    return json(`{"committed": ${text(version.uuid)}}`);
  }

  #instance(call: Call, version: Version, name: string, endpoint: string): Answer | Promise<Answer> {
    const instance = version.repo.instances.get(name);
    if (instance === undefined) throw new Refusal("invalid data instance name");
    const changes = ["POST", "PUT", "DELETE"].includes(call.method) && !(instance.type === "roi" && endpoint === "ptquery");
    if (instance.versioned && version.locked && changes && !call.admin) {
      throw new Refusal(`Cannot do ${call.method} on endpoint ${text(endpoint)} of locked node ${version.uuid}`);
    }
    if (call.cutShort && endpoint !== "blocks" && endpoint !== "ingest-supervoxels") throw new Refusal("unexpected EOF");
    return instance.answer(call, instance.versioned ? version : version.repo.versions.get(version.repo.root)!);
  }
}
