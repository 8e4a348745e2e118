/**
 * What a DVID server does that the program relies on, or has to know: one suite for the stand-in and for a live server. First come the
 * answers that were never recorded (`SPEC_ONLY`), so that a live run checks the stand-in's guesses before anything else.
 */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { blockOf, frame, labelIndex, labelIndices, mappingOf } from "./dvid-bytes.ts";
import type { Capability, Side } from "./dvid-capabilities.ts";
import { indexLines } from "./dvid-recordings.ts";
import { callServer, type Query, type Reply } from "./fake-dvid/client.ts";
import { decompressLz4 } from "./fake-dvid/codec/lz4.ts";

export interface TestedServer {
  readonly url: string;
  readonly admin: string;
  /** Ends the process without warning. */
  kill(): Promise<void>;
  /** Starts it again at the same address, with the same data. */
  restart(): Promise<void>;
}

const BLOCK = 64 ** 3;
const WAIT_MS = 5_000;

/** A new repository on the server, with one open version. */
class Repo {
  readonly server: TestedServer;
  readonly root = randomBytes(16).toString("hex");

  constructor(server: TestedServer) {
    this.server = server;
  }

  call(method: string, path: string, body: Uint8Array | string = "", query: Query = {}): Promise<Reply> {
    return callServer(this.server.url, method, `/api/${path}`, query, body);
  }

  /** Refuses everything but 200. */
  async ok(method: string, path: string, body: Uint8Array | string = "", query: Query = {}): Promise<Reply> {
    const reply = await this.call(method, path, body, query);
    expect({ status: reply.status, text: reply.status === 200 ? "" : reply.text }, `${method} ${path}`).toEqual({
      status: 200,
      text: "",
    });
    return reply;
  }

  at(instance: string, version = this.root): Node {
    return new Node(this, `node/${version}/${instance}`);
  }

  async instance(typename: string, dataname: string, more: Readonly<Record<string, string>> = {}): Promise<Node> {
    await this.ok("POST", `repo/${this.root}/instance`, JSON.stringify({ typename, dataname, ...more }));
    return this.at(dataname);
  }

  labelmap(name = "seg", more: Readonly<Record<string, string>> = {}): Promise<Node> {
    return this.instance("labelmap", name, { BlockSize: "64,64,64", ...more });
  }

  commit = (version = this.root) => this.ok("POST", `node/${version}/commit`, "{}");

  async child(branch?: string): Promise<string> {
    const reply = await this.ok(
      "POST",
      `node/${this.root}/${branch === undefined ? "newversion" : "branch"}`,
      JSON.stringify({ branch }),
    );
    return (JSON.parse(reply.text) as { child: string }).child;
  }
}

/** An instance in a version. */
class Node {
  readonly #repo: Repo;
  readonly #path: string;

  constructor(repo: Repo, path: string) {
    this.#repo = repo;
    this.#path = path;
  }

  call = (method: string, path: string, body: Uint8Array | string = "", query: Query = {}) =>
    this.#repo.call(method, `${this.#path}/${path}`, body, query);
  ok = (method: string, path: string, body: Uint8Array | string = "", query: Query = {}) =>
    this.#repo.ok(method, `${this.#path}/${path}`, body, query);
  admin = (method: string, path: string) => this.call(method, path, "", { admintoken: this.#repo.server.admin });
  text = async (path: string, body = "", query: Query = {}) => (await this.ok("GET", path, body, query)).text;

  /** Status and text, for refusals. */
  async refused(method: string, path: string, body: Uint8Array | string = "", query: Query = {}): Promise<string> {
    const reply = await this.call(method, path, body, query);
    return `${reply.status} ${reply.text.replace(/ \(\/api\/.*\)\.\n$/s, "")}`;
  }

  async info(): Promise<{ min: unknown; max: unknown; maxLabel: Record<string, number>; repoMax: number }> {
    const { Extended } = JSON.parse(await this.text("info"));
    return { min: Extended.MinPoint, max: Extended.MaxPoint, maxLabel: Extended.MaxLabel, repoMax: Extended.MaxRepoLabel };
  }

  post = (body: Uint8Array, query: Query = {}) => this.ok("POST", "blocks", body, query);
  label = async (point: string, query: Query = {}) => Number(/\d+/.exec(await this.text(`label/${point}`, "", query))?.[0]);
}

/** Asks until the answer is the expected one; some of it comes after the call that causes it. */
async function eventually(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  for (const until = Date.now() + WAIT_MS; ; await sleep(20)) {
    const found = await ask().catch((error: unknown) => error);
    if (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < until) continue;
    expect(found).toEqual(expected);
    return;
  }
}

export function contractSuite(
  side: Side,
  server: () => TestedServer,
  proves: (capability: Capability, name: string, body: () => Promise<void>) => void,
): void {
  /** A test in a repository of its own. */
  const inRepo = (capability: Capability, name: string, body: (repo: Repo) => Promise<void>) =>
    proves(capability, name, async () => {
      const repo = new Repo(server());
      const settings = JSON.stringify({ alias: name, description: capability, root: repo.root });
      await repo.ok("POST", "repos", settings, { admintoken: server().admin });
      await body(repo);
    });
  const noIndexing = { noindexing: "true" };

  inRepo("blocks-noindexing", "stored, extents and maxlabel raised, nothing indexed", async (repo) => {
    const seg = await repo.labelmap();
    expect(await seg.refused("GET", "maxlabel")).toMatch(/^400 No maximum label found for seg version \d+/);
    await seg.post(Buffer.concat([frame([0, 0, 0], blockOf(10n, 11n, 256)), frame([1, 0, 0], blockOf(12n))]), noIndexing);
    expect(await seg.info()).toMatchObject({ min: [0, 0, 0], max: [127, 63, 63] });
    await eventually(() => seg.text("maxlabel"), '{"maxlabel": 12}');
    expect(await seg.text("labels", "[[0,0,0],[63,63,63],[64,0,0],[128,0,0]]")).toBe("[11,10,12,0]");
    expect((await seg.call("GET", "size/10")).status).toBe(404);
    expect((await seg.call("GET", "index/10")).status).toBe(404);
    expect(await seg.text("mapping", "[10]")).toBe("[0]");
    await seg.post(frame([0, 0, 0], blockOf(10n, 11n, 256)), noIndexing);
    expect(await seg.text("labels", "[[0,0,0],[63,63,63]]")).toBe("[11,10]");
  });

  inRepo("blocks-coarse", "at a lower level only stored", async (repo) => {
    const seg = await repo.labelmap("seg", { MaxDownresLevel: "1" });
    for (const scale of ["1", "3"]) {
      await seg.post(frame([2, 0, 0], blockOf(77n)), { ...noIndexing, scale });
      const reply = await seg.ok("GET", "blocks/64_64_64/128_0_0", "", { scale, compression: "blocks" });
      expect(gunzipSync(reply.body.subarray(16)).equals(blockOf(77n))).toBe(true);
    }
    expect(await seg.info()).toEqual({ min: null, max: null, maxLabel: {}, repoMax: 0 });
    const refusal = await seg.refused("POST", "blocks", frame([0, 0, 0], blockOf(1n)), { scale: "1", downres: "true" });
    expect(refusal).toBe("400 cannot downscale blocks of scale > 0");
  });

  const good = frame([3, 0, 0], blockOf(30n));
  const cutPayload = frame([4, 0, 0], blockOf(31n));
  const length = cutPayload.length - 16;
  for (const [what, bad, refusal] of [
    ["a cut header", Buffer.from("abc"), "unexpected EOF"],
    [
      "a cut payload",
      cutPayload.subarray(0, -4),
      `error reading ${length} bytes for block (4, 0, 0): ${length - 4} actually read (unexpected EOF)`,
    ],
    ["no payload", Buffer.alloc(16), "illegal zero length block at block (0, 0, 0) detected"],
    [
      "no gzip",
      Buffer.from("04000000000000000000000005000000" + "68656c6c6f", "hex"),
      "can't initiate gzip reader on compressed data of length 5: unexpected EOF",
    ],
    ["no block", frame([4, 0, 0], Buffer.from("abcdefgh")), "can't unmarshal block binary of length 8"],
  ] as const) {
    inRepo("blocks-bad-frame", `${what}: what comes before it is stored, not indexed, and raises no extents`, async (repo) => {
      const seg = await repo.labelmap();
      expect(await seg.refused("POST", "blocks", Buffer.concat([good, bad]))).toBe(`400 ${refusal}`);
      await eventually(() => seg.label("192_0_0"), 30);
      expect((await seg.call("GET", "size/30")).status).toBe(404);
      expect(await seg.info()).toMatchObject({ min: null, max: null });
      await eventually(() => seg.text("maxlabel"), '{"maxlabel": 30}');
    });
  }

  inRepo("blocks-bad-frame", "a client that breaks off leaves the frames that had come, not indexed", async (repo) => {
    const seg = await repo.labelmap();
    const body = Buffer.concat([good, cutPayload]);
    const headers = { "Content-Length": body.length };
    await new Promise<void>((resolve) => {
      const sending = request(`${server().url}/api/node/${repo.root}/seg/blocks`, { method: "POST", headers, agent: false });
      sending.once("error", () => resolve());
      sending.write(body.subarray(0, -4), () => setTimeout(() => sending.destroy(), 100));
    });
    await eventually(() => seg.label("192_0_0"), 30);
    expect((await seg.call("GET", "size/30")).status).toBe(404);
    expect(await seg.label("256_0_0")).toBe(0);
  });

  inRepo("ingest-supervoxels", "stored, nothing else", async (repo) => {
    const seg = await repo.labelmap();
    await seg.ok("POST", "ingest-supervoxels", frame([0, 0, 0], blockOf(7n)), { scale: "0" });
    expect(await seg.label("0_0_0")).toBe(7);
    expect(await seg.info()).toEqual({ min: null, max: null, maxLabel: {}, repoMax: 0 });
  });

  inRepo("nextlabel-post", "above everything, over all versions, and an entry in MaxLabel", async (repo) => {
    const seg = await repo.labelmap();
    await seg.post(frame([0, 0, 0], blockOf(50n)), noIndexing);
    await eventually(() => seg.text("nextlabel"), '{"nextlabel": 51}');
    await repo.commit();
    expect(await seg.refused("POST", "nextlabel/1")).toMatch(/^400 Cannot do POST on endpoint "nextlabel" of locked node/);
    const [first, second] = [repo.at("seg", await repo.child()), repo.at("seg", await repo.child("other"))];
    expect((await first.ok("POST", "nextlabel/5")).text).toBe('{"start": 51, "end": 55}');
    expect((await second.ok("POST", "nextlabel/3")).text).toBe('{"start": 56, "end": 58}');
    const { maxLabel, repoMax } = await second.info();
    expect([Object.values(maxLabel), repoMax]).toEqual([[50, 55, 58], 58]);
    expect([await first.text("maxlabel"), await seg.text("maxlabel")]).toEqual(['{"maxlabel": 55}', '{"maxlabel": 50}']);
    expect(await first.refused("POST", "nextlabel/0")).toBe("400 cannot request 0 new labels, must be 1 or more");
    expect(await first.refused("POST", "nextlabel")).toBe("400 DVID requires number of requested labels to follow POST /nextlabel");
  });

  inRepo("maxlabel-post", "for admins; smaller ones are ignored; no more than 2^48", async (repo) => {
    const seg = await repo.labelmap();
    expect(await seg.refused("POST", "maxlabel/100")).toBe(
      "400 POST /maxlabel requires admin privileges (admintoken or DSG admin)",
    );
    for (const label of [100, 5]) expect((await seg.admin("POST", `maxlabel/${label}`)).status).toBe(200);
    expect([await seg.text("maxlabel"), await seg.text("nextlabel")]).toEqual(['{"maxlabel": 100}', '{"nextlabel": 101}']);
    const large = await seg.admin("POST", `maxlabel/${2n ** 48n + 1n}`);
    expect([large.status, large.text]).toEqual([
      400,
      expect.stringMatching(/^Posted max label 281474976710657 exceeds allowed cap 281474976710656/),
    ]);
  });

  inRepo("extents", "overwritten by POST, grown by writing, inherited by a child", async (repo) => {
    const seg = await repo.labelmap();
    const gray = await repo.instance("uint8blk", "gray", { BlockSize: "64,64,64" });
    await seg.ok("POST", "extents", '{"MinPoint":[64,0,0],"MaxPoint":[127,63,63]}');
    await seg.post(frame([4, 0, 0], blockOf(5n)), noIndexing);
    expect(await seg.info()).toMatchObject({ min: [64, 0, 0], max: [319, 63, 63] });
    await gray.ok("POST", "raw/0_1_2/64_64_64/64_0_0", Buffer.alloc(BLOCK, 7));
    await gray.ok("POST", "extents", '{"MinPoint":[1,2,3],"MaxPoint":[4,5,6]}');
    expect(await gray.info()).toMatchObject({ min: [1, 2, 3], max: [4, 5, 6] });
    await repo.commit();
    const child = repo.at("seg", await repo.child());
    expect(await child.info()).toMatchObject({ min: [64, 0, 0], max: [319, 63, 63] });
    await child.post(frame([0, 1, 0], blockOf(5n)), noIndexing);
    expect(await child.info()).toMatchObject({ min: [0, 0, 0], max: [319, 127, 63] });
    expect(await seg.info()).toMatchObject({ min: [64, 0, 0], max: [319, 63, 63] });
  });

  inRepo("keyvalue-open", "values, keys, ranges; inherited; refused on a locked node", async (repo) => {
    const kv = await repo.instance("keyvalue", "kv");
    for (const [key, value] of Object.entries({ run: '{"a":1}', "run--ab": "xyz", other: "" }))
      await kv.ok("POST", `key/${key}`, value);
    expect([await kv.text("key/run"), await kv.text("keys"), await kv.text("keyrange/run/run~")]).toEqual([
      '{"a":1}',
      '["other","run","run--ab"]',
      '["run","run--ab"]',
    ]);
    expect(await kv.refused("GET", "key/none")).toBe('404 Key "none" not found\n');
    expect(await kv.refused("GET", "key/other")).toBe('404 Key "other" not found\n');
    expect([(await kv.call("HEAD", "key/run")).status, (await kv.call("HEAD", "key/none")).status]).toEqual([200, 404]);
    for (const key of ["run--ab", "none"]) await kv.ok("DELETE", `key/${key}`);
    expect(await kv.text("keys")).toBe('["other","run"]');
    await repo.commit();
    expect(await kv.refused("POST", "key/run", "x")).toBe(`400 Cannot do POST on endpoint "key" of locked node ${repo.root}`);
    const child = repo.at("kv", await repo.child());
    expect(await child.text("key/run")).toBe('{"a":1}');
    await child.ok("POST", "key/run", "new");
    expect([await child.text("key/run"), await kv.text("key/run")]).toEqual(["new", '{"a":1}']);
    await child.ok("DELETE", "key/run");
    expect([await child.refused("GET", "key/run"), await kv.text("key/run")]).toEqual(['404 Key "run" not found\n', '{"a":1}']);
  });

  inRepo("indices-replace", "blocks without indexing, then their indices: everything works on them", async (repo) => {
    const seg = await repo.labelmap();
    await seg.post(Buffer.concat([frame([0, 0, 0], blockOf(10n, 11n, 256)), frame([1, 0, 0], blockOf(10n))]), noIndexing);
    const ten = labelIndex(10n, [
      [[0, 0, 0], { 10: BLOCK - 256 }],
      [[1, 0, 0], { 10: BLOCK }],
    ]);
    await seg.ok("POST", "indices", labelIndices(ten, labelIndex(11n, [[[0, 0, 0], { 11: 256 }]])));
    expect(await seg.text("sizes", "[10,11]")).toBe(`[${2 * BLOCK - 256},256]`);
    const runs = (await seg.ok("GET", "sparsevol/11", "", { format: "srles" })).body;
    let voxels = 0;
    for (let at = 12; at < runs.length; at += 16) voxels += runs.readInt32LE(at);
    expect(voxels).toBe(256);
    await seg.ok("POST", "merge", "[10,11]");
    expect([await seg.text("sizes", "[10,11]"), await seg.text("mapping", "[11]"), await seg.label("0_0_0")]).toEqual([
      `[${2 * BLOCK},0]`,
      "[10]",
      10,
    ]);
    expect(await seg.label("0_0_0", { supervoxels: "true" })).toBe(11);
    const { CleavedLabel: cleaved } = JSON.parse((await seg.ok("POST", "cleave/10", "[11]")).text);
    expect([cleaved, await seg.label("0_0_0"), await seg.text("size/12")]).toEqual([12, 12, '{"voxels": 256}']);

    await seg.ok(
      "POST",
      "indices",
      labelIndices(labelIndex(10n, [[[1, 0, 0], { 10: 5 }]]), labelIndex(12n, []), labelIndex(900n, [[[7, 0, 0], { 901: 3 }]])),
    );
    expect(await seg.text("sizes", "[10,12,900]")).toBe("[5,0,3]");
    expect((await seg.call("GET", "size/12")).status).toBe(404);
    await eventually(() => seg.text("maxlabel"), '{"maxlabel": 900}');
    const zero = await seg.refused("POST", "indices", labelIndices(labelIndex(0n, [[[0, 0, 0], { 5: 5 }]])));
    expect(zero).toBe("400 error putting protobuf label indices: index 0 had label 0, which is a reserved label");
  });

  inRepo("versions-inherit", "blocks, mapping and indices of ancestors, until a version has its own", async (repo) => {
    const seg = await repo.labelmap();
    await seg.post(Buffer.concat([frame([0, 0, 0], blockOf(10n)), frame([1, 0, 0], blockOf(12n))]));
    await seg.ok("POST", "merge", "[10,12]");
    await repo.commit();
    expect(await seg.refused("POST", "blocks")).toBe(`400 Cannot do POST on endpoint "blocks" of locked node ${repo.root}`);
    const [child, side] = [repo.at("seg", await repo.child()), repo.at("seg", await repo.child("side"))];
    expect([await child.text("mapping", "[10,12,77]"), await child.text("sizes", "[10,12]")]).toEqual([
      "[10,10,0]",
      `[${2 * BLOCK},0]`,
    ]);
    expect(await child.text("mapping", "[77]", { nolookup: "true" })).toBe("[77]");
    await child.post(Buffer.concat([frame([0, 0, 0], blockOf(9n)), frame([2, 0, 0], blockOf(12n))]), noIndexing);
    expect(await child.text("labels", "[[0,0,0],[64,0,0],[128,0,0]]")).toBe("[9,10,10]");
    expect(await child.text("labels", "[[0,0,0],[64,0,0],[128,0,0]]", { supervoxels: "true" })).toBe("[9,12,12]");
    expect(await side.text("labels", "[[0,0,0],[64,0,0],[128,0,0]]")).toBe("[10,10,0]");
    expect(await seg.text("labels", "[[0,0,0],[64,0,0],[128,0,0]]")).toBe("[10,10,0]");
    await child.ok("POST", "mappings", mappingOf(12n, 12n));
    expect([await child.label("64_0_0"), await side.label("64_0_0")]).toEqual([12, 10]);
    await eventually(() => child.text("maxlabel"), '{"maxlabel": 12}');
  });

  for (const [type, side_] of [
    ["labelarray", 64],
    ["labelblk", 32],
  ] as const) {
    inRepo(type, "raw, plain and lz4; zeros where nothing was written", async (repo) => {
      const seg = await repo.instance(type, "old", { BlockSize: `${side_},${side_},${side_}` });
      const voxels = new BigUint64Array(2 * side_ ** 3).fill(2n ** 60n);
      const plain = new Uint8Array(voxels.buffer);
      const box = (x: number, blocks: number) => `raw/0_1_2/${blocks * side_}_${side_}_${side_}/${x}_0_0`;
      await seg.ok("POST", box(0, 2), plain);
      expect((await seg.ok("GET", box(0, 2))).body.equals(plain)).toBe(true);
      const lz4 = await seg.ok("GET", box(0, 2), "", { compression: "lz4" });
      expect(Buffer.from(decompressLz4(lz4.body, plain.length)).equals(plain)).toBe(true);
      const absent = (await seg.ok("GET", box(90 * side_, 1))).body;
      expect(absent.length === plain.length / 2 && absent.every((byte) => byte === 0)).toBe(true);
      expect(await seg.refused("POST", box(1, 2), plain)).toMatch(
        /^400 cannot store .* in non-block aligned geometry \(1,0,0\) -> /,
      );
      expect(await seg.text("labels", `[[0,0,0],[${90 * side_},0,0]]`)).toBe("[1152921504606846976,0]");
      expect((await seg.call("GET", "sizes", "[1]")).status).toBe(400);
    });
  }

  inRepo("throttle", "one throttled call at a time", async (repo) => {
    const seg = await repo.labelmap();
    await seg.post(frame([0, 0, 0], blockOf(1n)), noIndexing);
    const calls = Array.from({ length: 4 }, () =>
      seg.call("GET", "raw/0_1_2/256_256_128/0_0_0", "", { throttle: "true", compression: "lz4" }),
    );
    const replies = await Promise.all(calls);
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200, 503]));
    const refused = replies.find((reply) => reply.status === 503)!;
    expect(refused.text).toBe("Server already running 1 throttled operations (max = 1)\n\n");
  });

  inRepo("blocks-twice", "counted twice when they are indexed", async (repo) => {
    const seg = await repo.labelmap();
    for (const size of [BLOCK, 2 * BLOCK]) {
      await seg.post(frame([0, 0, 0], blockOf(50n)));
      expect(await seg.text("size/50")).toBe(`{"voxels": ${size}}`);
    }
    await seg.ok("POST", "indices", labelIndices(labelIndex(50n, [[[0, 0, 0], { 50: BLOCK }]])));
    expect(await seg.text("size/50")).toBe(`{"voxels": ${BLOCK}}`);
    await seg.ok("POST", "mappings", mappingOf(7n, 8n));
    await seg.post(frame([1, 0, 0], blockOf(8n)));
    expect(await seg.text("sizes", "[7,8]")).toBe("[0,0]");
  });

  inRepo("raw-late", "complete in the end, with lower levels and maxlabel", async (repo) => {
    const seg = await repo.labelmap("seg", { MaxDownresLevel: "1" });
    const voxels = new BigUint64Array(2 * BLOCK).fill(3n).fill(4n, BLOCK);
    await seg.ok("POST", "raw/0_1_2/64_64_128/0_0_0", new Uint8Array(voxels.buffer));
    await eventually(() => seg.text("sizes", "[3,4]"), `[${BLOCK},${BLOCK}]`);
    await eventually(() => seg.text("maxlabel"), '{"maxlabel": 4}');
    expect([await seg.label("31_31_31", { scale: "1" }), await seg.label("0_0_32", { scale: "1" })]).toEqual([3, 4]);
    await seg.ok("POST", "raw/0_1_2/64_64_64/0_0_0", new Uint8Array(new BigUint64Array(BLOCK).fill(5n).buffer), { mutate: "true" });
    await eventually(() => seg.text("sizes", "[3,4,5]"), `[0,${BLOCK},${BLOCK}]`);
    const lines = indexLines((await seg.ok("GET", "index/4")).body);
    expect(lines).toEqual([`block ${1n << 42n}: 4 has ${BLOCK}`, "label 4"]);
  });

  inRepo("block-absent", "one is refused in two ways, two are zeros", async (repo) => {
    const seg = await repo.labelmap();
    expect((await seg.call("GET", "raw/0_1_2/64_64_64/640_0_0")).status).toBe(500);
    expect(await seg.refused("GET", "raw/0_1_2/64_64_64/640_0_0", "", { compression: "lz4" })).toBe(
      "400 unable to get label block (10, 0, 0)",
    );
    const two = (await seg.ok("GET", "raw/0_1_2/128_64_64/640_0_0")).body;
    expect(two.length === 16 * BLOCK && two.every((byte) => byte === 0)).toBe(true);
    expect((await seg.ok("GET", "blocks/64_64_64/640_0_0", "", { compression: "blocks" })).body.length).toBe(0);
  });

  inRepo("roi-blocks", "spans stay as they are; a bad one empties; blocks are compared unscaled", async (repo) => {
    const [seg, roi] = [await repo.labelmap(), await repo.instance("roi", "roi", { BlockSize: "32,32,32" })];
    await roi.ok("POST", "roi", "[[1,0,3,5],[0,0,3,5],[0,0,4,9],[0,0,0,1]]");
    expect(await roi.text("roi")).toBe("[[0,0,0,1],[0,0,3,5],[0,0,4,9],[1,0,3,5]]");
    expect(await roi.refused("POST", "roi", '{"a":1}')).toMatch(/^400 Error trying to parse POSTed JSON/);
    expect(await roi.text("roi")).toBe("[[0,0,0,1],[0,0,3,5],[0,0,4,9],[1,0,3,5]]");
    expect(await roi.refused("POST", "roi", "[[0,0,3,1]]")).toBe("400 Got weird span [0, 0, 3, 1].  span[3] (X1) < span[2] (X0)");
    expect(await roi.text("roi")).toBe("[]");
    await roi.ok("POST", "roi", "[[0,0,0,0],[0,0,2,2]]");
    await seg.ok("POST", "raw/0_1_2/192_64_64/0_0_0", new Uint8Array(new BigUint64Array(3 * BLOCK).fill(9n).buffer), {
      roi: "roi",
    });
    expect(await seg.text("labels", "[[0,0,0],[64,0,0],[128,0,0]]")).toBe("[9,0,9]");
    expect(await seg.refused("GET", "raw/0_1_2/128_64_64/0_0_0", "", { roi: "nope" })).toBe(
      '400 Can\'t get ROI with name "nope": invalid data instance name',
    );
  });

  inRepo("restart", "acknowledged blocks, indices, mappings and values are there", async (repo) => {
    const [seg, kv] = [await repo.labelmap(), await repo.instance("keyvalue", "kv")];
    await seg.post(Buffer.concat([frame([0, 0, 0], blockOf(10n)), frame([1, 0, 0], blockOf(12n))]));
    await seg.ok("POST", "merge", "[10,12]");
    await kv.ok("POST", "key/run", "done");
    await server().kill();
    await expect(seg.call("GET", "info")).rejects.toThrow();
    await server().restart();
    expect([await seg.label("64_0_0"), await seg.text("sizes", "[10,12]"), await kv.text("key/run")]).toEqual([
      10,
      `[${2 * BLOCK},0]`,
      "done",
    ]);
    expect(await seg.text("maxlabel")).toBe('{"maxlabel": 12}');
  });

  inRepo("bad-block", "stored without indexing, and ends the server when it is indexed", async (repo) => {
    const seg = await repo.labelmap();
    const bad = Uint8Array.from(blockOf(1n, 2n, 256));
    const firstIndex = 16 + 2 * 8 + 2 * 512;
    bad[firstIndex + 4] = 99;
    await seg.post(frame([0, 0, 0], bad), noIndexing);
    expect((await seg.call("GET", "label/0_4_0")).status).toBe(500);
    await seg.post(frame([0, 0, 0], blockOf(1n)), noIndexing);
    expect(await seg.label("0_0_0")).toBe(1);
    await expect(seg.call("POST", "blocks", frame([1, 0, 0], bad))).rejects.toThrow();
    await sleep(200);
    await expect(seg.call("GET", "info")).rejects.toThrow();
    if (side === "live") await server().kill();
    await server().restart();
    expect(await seg.label("0_0_0")).toBe(1);
  });
}

/** What a server without a log store refuses. */
export async function withoutLogStore({ url, admin }: { readonly url: string; readonly admin: string }): Promise<void> {
  const post = (path: string, body: object) => callServer(url, "POST", `/api/${path}`, { admintoken: admin }, JSON.stringify(body));
  const { root } = JSON.parse((await post("repos", { alias: "a", description: "b" })).text) as { root: string };
  expect(await post(`repo/${root}/instance`, { typename: "labelmap", dataname: "seg" })).toMatchObject({
    status: 400,
    text: expect.stringMatching(/^labelmap "seg" instance needs a writable log yet has none assigned/),
  });
  for (const typename of ["uint8blk", "keyvalue"]) {
    expect(await post(`repo/${root}/instance`, { typename, dataname: typename })).toMatchObject({ status: 200 });
  }
}
