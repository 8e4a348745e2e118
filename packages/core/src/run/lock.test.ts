import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isRunLocked, lockRunFolder } from "./lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a second lock is refused, after release it is given", async () => {
  const lock = await lockRunFolder(folder);
  expect(await isRunLocked(folder)).toBe(true);
  await expect(lockRunFolder(folder)).rejects.toMatchObject({ code: "E_RUN_LOCKED" });
  await lock.release();
  expect(await isRunLocked(folder)).toBe(false);
  await (await lockRunFolder(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("the lock of a dead process is taken over", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  const pid = child.pid;
  await new Promise((resolve) => child.on("exit", resolve));
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid, host: hostname(), started: "1" }));
  await (await lockRunFolder(folder)).release();
});

test("a number that another process got since does not count as alive", async () => {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, host: hostname(), started: "1" }));
  await (await lockRunFolder(folder)).release();
});

test("a lock of another machine is respected, a damaged one is not", async () => {
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 1, host: "elsewhere.example", started: null }));
  await expect(lockRunFolder(folder)).rejects.toThrow(/elsewhere\.example.*delete/);
  writeFileSync(join(folder, "lock"), "{");
  await (await lockRunFolder(folder)).release();
});
