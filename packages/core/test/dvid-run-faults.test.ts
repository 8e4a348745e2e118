/** Runs into a DVID server (the stand-in) through kills, storms and cut connections; what a run refuses; ids that are reserved once. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createVolume, publishVolume, restitch } from "@axonloom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { call, expectWhole, newRepo, nextVersion, readLabels } from "./dvid-look.ts";
import { type FakeDvid, type SeenRequest, startFakeDvid } from "./fake-dvid/index.ts";
import { configOf, runSmall, smallConfig, smallVolumeIn } from "./fixtures.ts";

const SCRIPT = fileURLToPath(new URL("./run-config.mjs", import.meta.url));
const SHAPE = [96, 96, 96] as const;
const OPTIONS = { "chunk-size": 64, border: 8 };
const { proves } = tallyOf("stand-in", "run-faults", () => "this repository");

let dvid: FakeDvid;
let folder: string;
let digest: string;
let remove: () => void;
beforeAll(async () => {
  dvid = await startFakeDvid();
  ({ folder, remove } = smallVolumeIn());
  // Later runs in this folder find their subvolumes segmented.
  ({ digest } = (await runSmall(configOf(folder, OPTIONS))).summary);
}, 180_000);
afterAll(async () => {
  await dvid.stop();
  remove();
});

const source = (uuid: string, instance = "seg") => `dvid://${dvid.host}/${uuid}/${instance}`;
const into = (destination: string, options: Record<string, unknown> = {}) =>
  configOf(folder, { ...OPTIONS, ...options }, { output: { destination } });
const posts = (endpoint: string) => (seen: SeenRequest) => seen.method === "POST" && seen.path.split("/").includes(endpoint);
const gets = (endpoint: string) => (seen: SeenRequest) => seen.method === "GET" && seen.path.split("/").includes(endpoint);

async function expectResult(root: string, run: Awaited<ReturnType<typeof runSmall>>): Promise<void> {
  expect(run.summary).toMatchObject({ status: "complete", digest, output: source(root) });
  expect(dvid.faults.pending).toBe(0);
  await expectWhole(dvid, `node/${root}/seg`, SHAPE);
}

describe("faults", () => {
  proves("run-faults", "503s, connections cut both ways and answers cut short", async () => {
    const root = await newRepo(dvid);
    dvid.faults.add({ kind: "answer", status: 503, when: posts("blocks"), times: 3 });
    dvid.faults.add({ kind: "answer", status: 503, early: true, when: posts("blocks"), after: 1, times: 2 });
    for (const kind of ["cut-before", "cut-midway", "cut-after", "half-answer"] as const) {
      dvid.faults.add({ kind, when: posts("blocks"), after: 2 });
      dvid.faults.add({ kind, when: posts("indices"), times: 1 });
      dvid.faults.add({ kind, when: gets("blocks"), after: 3, times: 2 });
    }
    dvid.faults.add({
      kind: "short-answer",
      when: (seen) => gets("blocks")(seen) && Number(seen.query["scale"]) === 0,
      after: 9,
      times: 2,
    });
    dvid.faults.add({ kind: "trailing-text", when: gets("blocks"), after: 4 });
    dvid.faults.add({ kind: "answer", status: 503, when: gets("maxlabel"), times: 3 });
    await expectResult(root, await runSmall(into(source(root))));
  });

  proves("run-faults", "the server is killed during writes, and during the index, and started again", async () => {
    const root = await newRepo(dvid);
    dvid.faults.add({ kind: "kill-midway", when: posts("blocks"), after: 3 });
    dvid.faults.add({ kind: "kill-after", when: posts("blocks"), after: 8 });
    dvid.faults.add({ kind: "kill-before", when: posts("indices") });
    let restarts = 0;
    const doctor = setInterval(() => {
      if (3 - dvid.faults.pending <= restarts) return;
      restarts++;
      setTimeout(() => void dvid.restart(), 400);
    }, 20);
    try {
      await expectResult(root, await runSmall(into(source(root))));
    } finally {
      clearInterval(doctor);
    }
    expect(restarts).toBe(3);
  });

  proves("run-faults", "an error in mid-write ends the run, and the next one goes on", async () => {
    const root = await newRepo(dvid);
    dvid.faults.add({ kind: "fail-midway", when: posts("blocks"), after: 4 });
    await expect(runSmall(into(source(root)))).rejects.toThrow(/no space left/);
    await expectResult(root, await runSmall(into(source(root))));
  });

  // Each at a request of another step: the first and the fourth box, a coarser level, the index, the end.
  const moments: readonly (readonly [string, (seen: SeenRequest) => boolean, number])[] = [
    ["the first blocks", posts("blocks"), 1],
    ["the fourth blocks", posts("blocks"), 4],
    ["a coarser level", (seen) => posts("blocks")(seen) && seen.query["scale"] === "1", 1],
    ["the index", posts("indices"), 1],
    ["the extents", posts("extents"), 1],
  ];
  proves("run-faults", "our own process is killed at any step, in an instance that holds labels, too", async () => {
    const root = await newRepo(dvid);
    const older = await nextVersion(dvid, root);
    await runSmall(into(source(older)));
    const version = await nextVersion(dvid, older);
    const file = join(folder, "killed.json");
    writeFileSync(file, JSON.stringify(smallConfig(folder, OPTIONS, { output: { destination: source(version) } })));
    const from = dvid.requests.length;
    for (const [, when, nth] of moments) await runAndKill(file, when, nth);
    const { summary } = await runSmall(into(source(version)));
    expect(summary.status).toBe("complete");
    // Reserved once, whatever happened; the same segments, with other ids.
    expect(dvid.requests.slice(from).filter(posts("nextlabel")).length).toBe(1);
    const [before, after] = [
      await readLabels(dvid, `node/${older}/seg`, SHAPE),
      await readLabels(dvid, `node/${version}/seg`, SHAPE),
    ];
    const shift = after.data.find((id) => id !== 0n)! - before.data.find((id) => id !== 0n)!;
    expect(shift).toBeGreaterThan(0n);
    expect(after.data.findIndex((id, i) => id !== (before.data[i] === 0n ? 0n : before.data[i]! + shift))).toBe(-1);
    await expectWhole(dvid, `node/${version}/seg`, SHAPE);
  });

  /** Runs in a process of its own, which gets SIGKILL when the server has answered the nth such request. */
  async function runAndKill(file: string, when: (seen: SeenRequest) => boolean, nth: number): Promise<void> {
    const from = dvid.requests.length;
    const child = spawn(process.execPath, [SCRIPT, file], { stdio: "ignore" });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("close", (_, signal) => resolve(signal)));
    while (child.exitCode === null && dvid.requests.slice(from).filter((seen) => when(seen) && seen.status > 0).length < nth)
      await sleep(5);
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
  }
});

test("stitched again into the same version: the same ids, and bodies that are no more leave no index", async () => {
  const root = await newRepo(dvid);
  await runSmall(into(source(root)));
  const bodies = async () => new Set((await readLabels(dvid, `node/${root}/seg`, SHAPE)).data).size;
  const before = await bodies();
  const { summary } = await restitch(join(folder, "run"), { algorithm: "none" }, { workers: 2 });
  expect(summary).toMatchObject({ output: source(root), status: "complete" });
  expect(await bodies()).toBeGreaterThan(before);
  await expectWhole(dvid, `node/${root}/seg`, SHAPE);
  const again = await restitch(join(folder, "run"), { algorithm: "medium" }, { workers: 2 });
  expect(again.summary.digest).toBe(digest);
  expect(await bodies()).toBe(before);
  await expectWhole(dvid, `node/${root}/seg`, SHAPE);
});

describe("refused before anything is written", () => {
  async function expectRefusal(run: () => Promise<unknown>, expected: Record<string, unknown>): Promise<void> {
    const from = dvid.requests.length;
    await expect(run()).rejects.toMatchObject(expected);
    expect(dvid.requests.slice(from).filter(({ method }) => method !== "GET")).toEqual([]);
  }

  test("a committed version, with the command that makes a new one", async () => {
    const root = await newRepo(dvid);
    await nextVersion(dvid, root);
    await expectRefusal(() => runSmall(into(source(root))), {
      code: "E_DVID_LOCKED",
      message: expect.stringContaining("axonloom dvid new-version"),
    });
  });

  test("an instance of another type, an unknown version", async () => {
    const root = await newRepo(dvid);
    await call(dvid, "POST", `repo/${root}/instance`, JSON.stringify({ typename: "uint8blk", dataname: "gray" }));
    await expectRefusal(() => runSmall(into(source(root, "gray"))), { code: "E_DVID_INSTANCE" });
    await expectRefusal(() => runSmall(into(source("f".repeat(32)))), { code: "E_DVID_VERSION" });
  });

  test("ids from 2^48 on", async () => {
    const root = await newRepo(dvid);
    await expectRefusal(() => runSmall(into(source(root), { "label-offset": String(2n ** 48n) })), { code: "E_CONFIG_INVALID" });
    // Known only when the segments are counted; not a voxel is sent then.
    const close = into(source(root), { "label-offset": String(2n ** 48n - 10n) });
    const from = dvid.requests.length;
    await expect(runSmall(close)).rejects.toMatchObject({
      code: "E_CONFIG_INVALID",
      message: expect.stringContaining("label-offset"),
    });
    expect(dvid.requests.slice(from).filter(posts("blocks"))).toEqual([]);
  });

  test("coordinates below 0", async () => {
    const root = await newRepo(dvid);
    const bounds = { start: [-64, 0, 0], stop: [32, 64, 64] } as const;
    const path = `precomputed://${join(folder, "below")}`;
    await createVolume(path, { dtype: "uint8", kind: "image", bounds, voxelSizeNm: [8, 8, 8] });
    await publishVolume(path);
    const config = configOf(
      folder,
      { ...OPTIONS, "checkpoint-dir": join(folder, "below.run") },
      { input: { source: path }, output: { destination: source(root) } },
    );
    await expectRefusal(() => runSmall(config), { code: "E_DVID_LABELS" });
  });

  test("an instance that holds labels in an earlier version, where mutateseg says no; one's own run goes on", async () => {
    const root = await newRepo(dvid);
    const only = { mutateseg: "no", "checkpoint-dir": join(folder, "only.run") };
    await runSmall(into(source(root), only));
    expect((await runSmall(into(source(root), only))).summary.digest).toBe(digest);
    const next = await nextVersion(dvid, root);
    await expectRefusal(() => runSmall(into(source(next), only)), { code: "E_DESTINATION_EXISTS" });
  });

  test("what another run has written in this version, unless mutateseg says yes; then with new ids", async () => {
    const root = await newRepo(dvid);
    await runSmall(into(source(root)));
    const other = { "checkpoint-dir": join(folder, "other.run") };
    await expectRefusal(() => runSmall(into(source(root), other)), { code: "E_DESTINATION_EXISTS" });
    const { data } = await readLabels(dvid, `node/${root}/seg`, SHAPE);
    const { summary } = await runSmall(into(source(root), { ...other, mutateseg: "yes" }));
    expect(summary.status).toBe("complete");
    const now = await readLabels(dvid, `node/${root}/seg`, SHAPE);
    const highest = BigUint64Array.from(data).sort().at(-1)!;
    expect(now.data.findIndex((id) => id !== 0n && id <= highest)).toBe(-1);
    await expectWhole(dvid, `node/${root}/seg`, SHAPE);
  });
});
