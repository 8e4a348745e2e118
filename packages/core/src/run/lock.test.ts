import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isRunLocked, lockRunFolder } from "./lock.ts";

const links = vi.hoisted(() => ({ refused: null as string | null }));
vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof import("node:fs/promises")>();
  const link: typeof fs.link = async (from, to) => {
    if (links.refused !== null) throw Object.assign(new Error("no links here"), { code: links.refused });
    await fs.link(from, to);
  };
  return { ...fs, link };
});

/** Of a process that was alive once: its number is taken, by this one, but it began at another time. */
const dead = (id: string) => JSON.stringify({ pid: process.pid, host: hostname(), started: "1", id });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-lock-"));
});
afterEach(() => {
  links.refused = null;
  rmSync(folder, { recursive: true });
});

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

test("release leaves a lock that is no longer its own", async () => {
  const lock = await lockRunFolder(folder);
  const other = JSON.stringify({ pid: process.pid, host: hostname(), started: null, id: "other" });
  writeFileSync(join(folder, "lock"), other);
  await lock.release();
  expect(readFileSync(join(folder, "lock"), "utf8")).toBe(other);
});

test("of several at once in one process one gets it, dead owner or not", async () => {
  for (let round = 0; round < 20; round++) {
    if (round % 2 === 1) writeFileSync(join(folder, "lock"), dead(`${round}`));
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => lockRunFolder(folder)));
    const given = tries.filter((result) => result.status === "fulfilled");
    expect(given).toHaveLength(1);
    for (const result of tries) if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "E_RUN_LOCKED" });
    await given[0]!.value.release();
    expect(readdirSync(folder)).toEqual([]);
  }
});

test("guards and drafts of processes that died while they took over do not stand in the way", async () => {
  const guardOf = (text: string) => join(folder, `lock.${createHash("sha256").update(text).digest("hex")}`);
  writeFileSync(join(folder, "lock"), dead("a"));
  writeFileSync(guardOf(dead("a")), dead("b"));
  writeFileSync(guardOf(dead("b")), dead("c"));
  writeFileSync(join(folder, "lock.draft"), dead("d"));
  const lock = await lockRunFolder(folder);
  expect(readdirSync(folder)).toEqual(["lock"]);
  await lock.release();
});

test("a living process that is taking over counts as the owner", async () => {
  const text = dead("a");
  writeFileSync(join(folder, "lock"), text);
  const guard = join(folder, `lock.${createHash("sha256").update(text).digest("hex")}`);
  writeFileSync(guard, JSON.stringify({ pid: process.pid, host: hostname(), started: null, id: "b" }));
  await expect(lockRunFolder(folder)).rejects.toMatchObject({ code: "E_RUN_LOCKED" });
  expect(readFileSync(join(folder, "lock"), "utf8")).toBe(text);
});

test.each(["EPERM", "ENOTSUP"])("without hard links (%s) the file is made exclusively", async (code) => {
  links.refused = code;
  const lock = await lockRunFolder(folder);
  await expect(lockRunFolder(folder)).rejects.toMatchObject({ code: "E_RUN_LOCKED" });
  await lock.release();
  writeFileSync(join(folder, "lock"), dead("a"));
  await (await lockRunFolder(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that cannot be made is said in the program's words", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(lockRunFolder(join(folder, "file", "run"))).rejects.toMatchObject({ code: "E_WRITE_FAILED" });
  mkdirSync(join(folder, "run", "lock"), { recursive: true });
  await expect(lockRunFolder(join(folder, "run"))).rejects.toMatchObject({ code: "E_WRITE_FAILED" });
});
