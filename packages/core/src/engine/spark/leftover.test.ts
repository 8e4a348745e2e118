/** Whoever goes on in a run folder waits for what may still work there; without a server as far as that goes. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EngineEvent } from "../types.ts";
import { endLeftover } from "./leftover.ts";
import { endRecord, readRecord, type SessionRecord, writeRecord } from "./record.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-leftover-"));
  mkdirSync(join(folder, "spark", "old", "status", "0"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record: SessionRecord = {
  ...{ host: "127.0.0.1", port: 9, tls: false, user: "me", session: "00000000-0000-4000-8000-000000000000", server: "s" },
  ...{ tag: "axonloom-1", guard: null, ended: null },
};

async function timed(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

test("without a record nothing is waited for, and old folders go", async () => {
  expect(await timed(endLeftover(folder))).toBeLessThan(400);
  expect(existsSync(join(folder, "spark"))).toBe(false);
  await endLeftover(folder);
});

test("a server that does not answer is passed over, with a warning", async () => {
  await writeRecord(folder, record);
  const events: EngineEvent[] = [];
  await endLeftover(folder, { onEvent: (event) => events.push(event) });
  expect(events).toMatchObject([
    {
      type: "log",
      label: "spark",
      key: "127.0.0.1:9",
      detail: { level: "warn", message: expect.stringMatching(/does not answer/) },
    },
  ]);
  expect(existsSync(join(folder, "spark"))).toBe(false);
});

test("a server of our own is waited for", async () => {
  const child = spawn("sleep", ["1.5"]);
  await writeRecord(folder, { ...record, guard: { pid: child.pid!, machine: hostname() } });
  expect(await timed(endLeftover(folder))).toBeGreaterThan(1000);
  expect(child.exitCode).toBe(0);
  await writeRecord(folder, { ...record, guard: { pid: process.pid, machine: "another" } });
  expect(await timed(endLeftover(folder))).toBeLessThan(400);
});

test("tasks that were interrupted just now are given time to end, and no more", async () => {
  await writeRecord(folder, { ...record, ended: new Date(Date.now() - 5000).toISOString() });
  const ms = await timed(endLeftover(folder));
  expect(ms).toBeGreaterThan(1000);
  expect(ms).toBeLessThan(3000);
  await writeRecord(folder, { ...record, ended: "2020-01-01T00:00:00.000Z" });
  expect(await timed(endLeftover(folder))).toBeLessThan(400);
});

test("the record goes at an orderly end only", async () => {
  await writeRecord(folder, record);
  await endRecord(folder, record, "unknown");
  expect(await readRecord(folder)).toEqual(record);
  await endRecord(folder, record, "ending");
  expect((await readRecord(folder))!.ended).toMatch(/^20\d\d-/);
  await endRecord(folder, record, "quiet");
  expect(await readRecord(folder)).toBeNull();
});

test("a damaged record is no silent pass", async () => {
  writeFileSync(join(folder, "spark", "session.json"), "{");
  await expect(endLeftover(folder)).rejects.toMatchObject({
    code: "E_RUN_FOLDER",
    message: expect.stringMatching(/session\.json.*delete it/),
  });
});
