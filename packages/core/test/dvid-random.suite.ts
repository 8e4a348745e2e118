/**
 * The same random calls to two servers, whose answers must be alike: blocks with and without indexing, raw, indices, mappings, merge,
 * cleave, ids, versions, values. After each change some reads.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { blockOf, frame, labelIndex, labelIndices, mappingOf } from "./dvid-bytes.ts";
import { comparable } from "./dvid-recordings.ts";
import { callServer, type Query, type Reply } from "./fake-dvid/client.ts";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly body: Uint8Array | string;
}

const LABELS = 9;
const WAIT_MS = 2_000;

/** A linear congruential generator: the same calls on every machine. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Calls on one repository, whose versions have uuids of our choice. */
export class RandomCalls {
  readonly root: string;
  readonly #next: (below: number) => number;
  readonly #open: string[];
  readonly #all: string[];
  #made = 0;
  /** Just committed. */
  #childOf: string | null = null;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#next = numbers(seed);
    this.root = this.#uuid();
    this.#open = [this.root];
    this.#all = [this.root];
  }

  #uuid(): string {
    return (this.#seed * 1000 + ++this.#made).toString(16).padStart(8, "0") + "0".repeat(24);
  }

  /** Repository and instances. */
  setUp(admin: string): Call[] {
    const post = (path: string, body: object, query: Query = {}): Call => ({
      method: "POST",
      path,
      query,
      body: JSON.stringify(body),
    });
    const instance = (more: object) => post(`repo/${this.root}/instance`, more);
    return [
      post("repos", { alias: "random", description: "random", root: this.root }, { admintoken: admin }),
      instance({ typename: "labelmap", dataname: "seg16", BlockSize: "16,16,16", MaxDownresLevel: "1" }),
      instance({ typename: "keyvalue", dataname: "kv" }),
    ];
  }

  #label = () => BigInt(1 + this.#next(LABELS));
  #place = (): [number, number, number] => [this.#next(3), this.#next(2), 0];
  #pick = <T>(list: readonly T[]): T => list[this.#next(list.length)]!;
  #block = () => blockOf(this.#label(), this.#label(), this.#next(16 ** 3), 16);

  /** A change, in an open version as a rule. */
  change(): Call {
    if (this.#childOf !== null) return this.#child(this.#childOf);
    const version = this.#next(12) === 0 ? this.#pick(this.#all) : this.#pick(this.#open);
    const seg = `node/${version}/seg16`;
    const post = (path: string, body: Uint8Array | string = "", query: Query = {}): Call => ({ method: "POST", path, query, body });
    switch (this.#next(15)) {
      case 13:
      case 12: {
        const [x, y, z] = this.#place();
        const [few, many, cut] = [this.#label(), this.#label(), this.#next(2 * 16 ** 3)];
        const voxels = new BigUint64Array(2 * 16 ** 3).fill(many).fill(few, 0, cut);
        const path = `${seg}/raw/0_1_2/32_16_16/${16 * x}_${16 * y}_${z}`;
        return post(path, new Uint8Array(voxels.buffer), this.#next(2) === 0 ? {} : { mutate: "true" });
      }
      case 0:
      case 1:
        return post(`${seg}/blocks`, Buffer.concat([frame([0, 0, 0], this.#block()), frame(this.#place(), this.#block())]), {
          noindexing: "true",
        });
      case 2:
        return post(`${seg}/blocks`, frame(this.#place(), this.#block()), { downres: "true" });
      case 3:
        return post(
          `${seg}/blocks`,
          Buffer.concat([frame(this.#place(), this.#block()), frame([0, 0, 0], this.#block()).subarray(0, -3)]),
        );
      case 4:
        return post(`${seg}/blocks`, frame(this.#place(), this.#block()), { scale: "1", noindexing: "true" });
      case 5: {
        const label = this.#label();
        const counts = {
          [String(label)]: 1 + this.#next(100),
          ...(this.#next(3) === 0 ? { [String(this.#label())]: 1 + this.#next(100) } : {}),
        };
        return post(`${seg}/indices`, labelIndices(labelIndex(label, this.#next(4) === 0 ? [] : [[this.#place(), counts]])));
      }
      case 6:
        return post(`${seg}/mappings`, mappingOf(this.#label(), this.#label(), this.#label()));
      case 7:
      case 8:
        return post(`${seg}/merge`, `[${this.#label()},${this.#label()}]`);
      case 9:
        return post(`${seg}/cleave/${this.#label()}`, `[${this.#label()}]`);
      case 10:
        return post(`${seg}/nextlabel/${this.#next(4)}`);
      case 11: {
        const key = `node/${version}/kv/key/k${this.#next(3)}`;
        return this.#next(3) === 0 ? { method: "DELETE", path: key, query: {}, body: "" } : post(key, `value ${this.#next(100)}`);
      }
      default:
        return this.#version(version);
    }
  }

  /** Commits an open version; the next change makes a child of it. */
  #version(version: string): Call {
    const open = this.#open.indexOf(version);
    if (open < 0) return this.#child(version);
    this.#open.splice(open, 1);
    this.#childOf = version;
    return { method: "POST", path: `node/${version}/commit`, query: {}, body: "{}" };
  }

  #child(version: string): Call {
    const uuid = this.#uuid();
    this.#all.push(uuid);
    this.#open.push(uuid);
    this.#childOf = null;
    return { method: "POST", path: `node/${version}/branch`, query: {}, body: JSON.stringify({ branch: `b${this.#made}`, uuid }) };
  }

  /** Reads of the version that a call changed, and of another. */
  reads({ path }: Call): Call[] {
    return [...this.#readsOf(path.split("/")[1]!), ...this.#readsOf(this.#pick(this.#all))];
  }

  #readsOf(version: string): Call[] {
    const seg = `node/${version}/seg16`;
    const get = (path: string, body = "", query: Query = {}): Call => ({ method: "GET", path, query, body });
    const all = `[${Array.from({ length: LABELS + 4 }, (_, i) => i + 1).join(",")}]`;
    const points = JSON.stringify([
      [0, 0, 0],
      [15, 15, 15],
      [16, 0, 0],
      [31, 15, 15],
      [32, 0, 0],
      [0, 16, 0],
      [47, 31, 15],
    ]);
    const label = this.#label();
    return [
      get(`${seg}/sizes`, all),
      get(`${seg}/mapping`, all),
      get(`${seg}/mapping`, all, { nolookup: "true" }),
      get(`${seg}/mappings`),
      get(`${seg}/labels`, points),
      get(`${seg}/labels`, points, { supervoxels: "true" }),
      get(`${seg}/labels`, points, { scale: "1" }),
      get(`${seg}/maxlabel`),
      get(`${seg}/nextlabel`),
      get(`${seg}/info`),
      get(`${seg}/index/${label}`),
      get(`${seg}/supervoxels/${label}`),
      get(`${seg}/listlabels`, "", { sizes: "true" }),
      get(`${seg}/blocks/48_32_16/0_0_0`, "", { compression: "blocks" }),
      get(`node/${version}/kv/keys`),
      get(`node/${version}/status`),
    ];
  }
}

/** What must be the same: numbers of versions and mutations are not, nor are the texts of refusals that depend on the order of a set. */
function form(call: Call, reply: Reply): unknown {
  if (reply.status >= 400) {
    return `${reply.status} ${reply.text.replace(/version \d+/, "version …").replace(/supervoxel \d+ already/, "supervoxel … already")}`;
  }
  const entry = { file: null, method: call.method, path: `/api/${call.path}`, query: call.query, status: reply.status };
  const body = call.method === "GET" || /merge|cleave/.test(call.path) ? comparable(entry, reply.body) : reply.text;
  if (!call.path.endsWith("/info")) return body;
  const labels = (_: string, inner: string) =>
    `"MaxLabel":[${[...inner.matchAll(/:(\d+)/g)].map((m) => m[1]!.padStart(20)).sort()}]`;
  return String(body).replace(/"MaxLabel":\{([^}]*)\}/, labels);
}

/** Both answers, asked until they are alike: what comes after a call comes soon. */
export async function bothAnswer(call: Call, urls: readonly [string, string]): Promise<void> {
  const ask = (url: string) =>
    callServer(url, call.method, `/api/${call.path}`, call.query, call.body).then((reply) => form(call, reply));
  for (const until = Date.now() + WAIT_MS; ; await sleep(20)) {
    const [first, second] = await Promise.all(urls.map(ask));
    if (JSON.stringify(first) !== JSON.stringify(second) && call.method === "GET" && Date.now() < until) continue;
    expect(first, `${call.method} ${call.path} ${new URLSearchParams(call.query)}`).toEqual(second);
    return;
  }
}
