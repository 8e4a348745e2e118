import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type KeyValueStore, openKeyValue } from "../keyvalue/index.ts";
import type { CoverageCertificate, RunEvent, RunSummary } from "./events.ts";
import { readCertificate, readState, readSummary, StateKeeper, saveResult } from "./state.ts";

let folder: string;
let store: KeyValueStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-state-"));
  store = openKeyValue(folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const progress = (done: number) => ({ event: "progress", stage: "segment", done, total: 9, voxels: 0 }) as const;
const gap: RunEvent = {
  event: "quarantined",
  subvolume: 3,
  core: [
    [0, 0, 0],
    [1, 1, 1],
  ],
  voxels: 1,
  error: { code: null, message: "", fields: {}, stack: null },
};

/** Fails the writes whose number, from 1, is in the list. */
function failing(...numbers: number[]): { store: KeyValueStore; writes: () => number } {
  let writes = 0;
  const put: KeyValueStore["put"] = async (key, value, options) => {
    writes += 1;
    if (numbers.includes(writes)) throw new Error(`write ${writes} failed`);
    await store.put(key, value, options);
  };
  return { store: Object.assign(openKeyValue(folder), { put }), writes: () => writes };
}

test("the state follows the events of a run to its end", async () => {
  const keeper = new StateKeeper(store);
  expect(await readState(store)).toBeNull();
  keeper.follow({ event: "stage-started", stage: "segment", total: 9 });
  keeper.follow(gap);
  keeper.follow(progress(5));
  await keeper.end("failed", "it broke");
  const state = await readState(store);
  expect(state).toMatchObject({ status: "failed", stage: "segment", done: 5, total: 9, quarantined: 1, error: "it broke" });
  expect(new Date(state!.updated).toISOString()).toBe(state!.updated);
});

test("progress is written at most once a second", async () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(1_000_000);
  const { store: counted, writes } = failing();
  const keeper = new StateKeeper(counted);
  keeper.follow({ event: "stage-started", stage: "segment", total: 9 });
  for (let i = 1; i < 9; i++) keeper.follow(progress(i));
  clock.mockReturnValue(1_001_000);
  keeper.follow(progress(9));
  await keeper.end("complete", null);
  expect(writes()).toBe(3);
});

test("a write that fails early does not fail a run that went well", async () => {
  const keeper = new StateKeeper(failing(1, 2).store);
  keeper.follow({ event: "stage-started", stage: "segment", total: 9 });
  keeper.follow({ event: "stage-started", stage: "stitch", total: 9 });
  await keeper.end("complete", null);
  expect(await readState(store)).toMatchObject({ status: "complete", stage: "stitch" });
});

test("the last write decides", async () => {
  const keeper = new StateKeeper(failing(2).store);
  keeper.follow({ event: "stage-started", stage: "segment", total: 9 });
  await expect(keeper.end("complete", null)).rejects.toThrow("write 2 failed");
});

test("the result is kept; what is damaged counts as not there", async () => {
  const summary = { status: "complete", digest: "d" } as RunSummary;
  const certificate = { complete: true, gaps: [] } as unknown as CoverageCertificate;
  expect([await readSummary(store), await readCertificate(store)]).toEqual([null, null]);
  await saveResult(store, summary, certificate);
  expect([await readSummary(store), await readCertificate(store)]).toEqual([summary, certificate]);
  for (const key of ["state.json", "summary.json", "certificate.json"]) await store.put(key, Buffer.from('{"cut'));
  expect([await readState(store), await readSummary(store), await readCertificate(store)]).toEqual([null, null, null]);
});

test("the last progress is written though no event follows", async () => {
  const keeper = new StateKeeper(store);
  keeper.follow({ event: "stage-started", stage: "segment", total: 9 });
  keeper.follow(progress(4));
  await expect.poll(async () => (await readState(store))?.done, { timeout: 5000 }).toBe(4);
  await keeper.end("complete", null);
});
