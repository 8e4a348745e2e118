/** The stand-in's faults: what the client sees, and what of the request is there afterwards. Others' tests rely on both. */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blockOf, frame } from "./dvid-bytes.ts";
import { callServer, type Query } from "./fake-dvid/client.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";

let dvid: FakeDvid;
let seg: string;
const call = (method: string, path: string, body: Uint8Array | string = "", query: Query = {}) =>
  callServer(dvid.url, method, `${seg}/${path}`, query, body);
const labels = async () => (await call("GET", "labels", "[[0,0,0],[64,0,0]]")).text;
const two = () => Buffer.concat([frame([0, 0, 0], blockOf(10n)), frame([1, 0, 0], blockOf(11n))]);
const posted = () => call("POST", "blocks", two());
const outcome = (promise: Promise<{ status: number }>) =>
  promise.then(
    (reply) => reply.status,
    () => "cut",
  );

async function prepare(): Promise<void> {
  const made = await callServer(dvid.url, "POST", "/api/repos", { admintoken: dvid.admin }, '{"alias":"a","description":"b"}');
  const { root } = JSON.parse(made.text) as { root: string };
  seg = `/api/node/${root}/seg`;
  await callServer(dvid.url, "POST", `/api/repo/${root}/instance`, {}, '{"typename":"labelmap","dataname":"seg"}');
}

beforeEach(async () => {
  dvid = await startFakeDvid();
  await prepare();
});
afterEach(() => dvid.stop());

test.each([
  ["answer", 503, "[0,0]", "[0,0]"],
  ["cut-before", "cut", "[0,0]", "[0,0]"],
  ["cut-midway", "cut", "[10,0]", "[0,0]"],
  ["fail-midway", 500, "[10,0]", "[0,0]"],
  ["cut-after", "cut", "[10,11]", "[262144,262144]"],
] as const)("%s: %s, and of two indexed blocks %s are stored, sizes %s", async (kind, seen, stored, sizes) => {
  dvid.faults.add(kind === "answer" ? { kind, status: 503 } : { kind });
  expect(await outcome(posted())).toBe(seen);
  expect([await labels(), (await call("GET", "sizes", "[10,11]")).text]).toEqual([stored, sizes]);
  expect(await outcome(posted())).toBe(200);
  expect(await labels()).toBe("[10,11]");
});

test.each([
  ["kill-before", "[0,0]"],
  ["kill-midway", "[10,0]"],
  ["kill-after", "[10,11]"],
] as const)("%s: no server, until it is started again with %s", async (kind, stored) => {
  dvid.faults.add({ kind, when: (seen) => seen.method === "POST" });
  expect(await outcome(posted())).toBe("cut");
  await expect(labels()).rejects.toThrow();
  await dvid.restart();
  expect(await labels()).toBe(stored);
});

test("a kill loses index changes that were still to come", async () => {
  const voxels = new Uint8Array(new BigUint64Array(64 ** 3).fill(5n).buffer);
  await call("POST", "raw/0_1_2/64_64_64/64_0_0", voxels);
  await dvid.settled();
  expect((await call("GET", "sizes", "[5]")).text).toBe("[262144]");
  await dvid.stop();
  dvid = await startFakeDvid({ indexDelayMs: 100_000 });
  await prepare();
  await call("POST", "raw/0_1_2/64_64_64/0_0_0", voxels);
  expect((await call("GET", "sizes", "[5]")).text).toBe("[0]");
  await dvid.kill();
  await dvid.restart();
  await dvid.settled();
  expect([(await call("GET", "sizes", "[5]")).text, await labels()]).toEqual(["[0]", "[5,0]"]);
});

test("answers that are cut, too short, or followed by an error text", async () => {
  await posted();
  const read = () => call("GET", "blocks/128_64_64/0_0_0", "", { compression: "uncompressed" });
  const whole = (await read()).body;
  dvid.faults.add({ kind: "half-answer" });
  await expect(read()).rejects.toThrow();
  dvid.faults.add({ kind: "short-answer" });
  expect((await read()).body.equals(whole.subarray(0, whole.length / 2))).toBe(true);
  dvid.faults.add({ kind: "trailing-text", text: "broken (/api).\n" });
  expect((await read()).body.equals(Buffer.concat([whole, Buffer.from("broken (/api).\n")]))).toBe(true);
  dvid.faults.add({ kind: "half-answer" });
  await expect(call("GET", "maxlabel")).rejects.toThrow();
});

test("how often, for which, after how many", async () => {
  dvid.faults.add({ kind: "answer", status: 503, times: 2, after: 1, when: (seen) => seen.path.endsWith("/maxlabel") });
  const statuses: unknown[] = [];
  for (const path of ["info", "maxlabel", "maxlabel", "info", "maxlabel", "maxlabel"])
    statuses.push((await call("GET", path)).status);
  expect(statuses).toEqual([200, 400, 503, 200, 503, 400]);
  expect(dvid.faults.pending).toBe(0);
  dvid.faults.add({ kind: "answer", status: 502, times: Number.POSITIVE_INFINITY });
  for (let i = 0; i < 3; i++) expect((await call("GET", "info")).status).toBe(502);
  dvid.faults.clear();
  expect((await call("GET", "info")).status).toBe(200);
});

test("an early 503 does not wait for the body", async () => {
  dvid.faults.add({ kind: "answer", status: 503, early: true });
  const status = await new Promise((resolve, reject) => {
    const sending = request(`${dvid.url}${seg}/blocks`, { method: "POST", headers: { "Content-Length": 1 << 30 } }, (reply) => {
      resolve(reply.statusCode);
      sending.destroy();
    });
    sending.once("error", reject);
    sending.write(Buffer.alloc(100));
  });
  expect(status).toBe(503);
});

test("slow calls overlap, and the log knows what came", async () => {
  dvid.faults.add({ kind: "slow", ms: 100, times: 3 });
  await Promise.all([posted(), call("GET", "info"), call("GET", "info", "", { u: "me", app: "test" })]);
  expect(dvid.peak).toBe(3);
  const seen = dvid.requests.slice(-3).map(({ method, status, bodyBytes, query }) => ({ method, status, bodyBytes, query }));
  expect(seen).toEqual(
    expect.arrayContaining([
      { method: "POST", status: 200, bodyBytes: two().length, query: {} },
      { method: "GET", status: 200, bodyBytes: 0, query: { u: "me", app: "test" } },
    ]),
  );
});

test("a token that every call must bear", async () => {
  const closed = await startFakeDvid({ bearer: "secret" });
  expect((await callServer(closed.url, "GET", "/api/heartbeat")).status).toBe(401);
  const reply = await fetch(`${closed.url}/api/heartbeat`, { headers: { Authorization: "Bearer secret" } });
  expect([reply.status, await reply.text()]).toEqual([200, "OK"]);
  await closed.stop();
});

test("a client that breaks off in mid-body leaves the whole frames that came", async () => {
  const body = two();
  await new Promise<void>((resolve) => {
    const sending = request(`${dvid.url}${seg}/blocks`, { method: "POST", headers: { "Content-Length": body.length } });
    sending.once("error", () => resolve());
    sending.write(body.subarray(0, body.length - 3), () => setTimeout(() => sending.destroy(), 50));
  });
  await sleep(50);
  expect(await labels()).toBe("[10,0]");
});
