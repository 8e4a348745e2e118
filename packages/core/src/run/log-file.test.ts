import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRunLog, type RunLogOptions } from "./log-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const said = (level: string) => ({ event: "log", level, task: "segment 1", message: `said ${level}` }) as const;
const lines = () =>
  readFileSync(join(folder, "log.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { level: number; msg: string; task?: string });

function logged(options?: RunLogOptions): string[] {
  const log = openRunLog(folder, options);
  for (const level of ["debug", "info", "warn", "error", "strange"]) log.follow(said(level));
  log.close();
  return lines().map(({ level, msg }) => `${level} ${msg}`);
}

test("lines of debug only when asked for", () => {
  const usual = ["30 said info", "40 said warn", "50 said error", "30 said strange"];
  expect(logged()).toEqual(usual);
  rmSync(join(folder, "log.jsonl"));
  expect(logged({ debug: true })).toEqual(["20 said debug", ...usual]);
});

test("a line is there at once; a second run appends", () => {
  const log = openRunLog(folder);
  log.follow({ event: "stage-started", stage: "segment", total: 2 });
  log.follow({ event: "progress", stage: "segment", done: 1, total: 2, voxels: 5 });
  expect(lines()).toMatchObject([{ msg: "stage-started", stage: "segment", total: 2, pid: process.pid }]);
  log.error(new Error("it broke"));
  log.close();
  const again = openRunLog(folder);
  again.follow({ event: "warning", message: "careful" });
  again.close();
  expect(lines().map(({ msg }) => msg)).toEqual(["stage-started", "it broke", "careful"]);
});

test("a log that cannot be opened is said", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => openRunLog(join(folder, "file", "run"))).toThrow(expect.objectContaining({ code: "E_WRITE_FAILED" }));
});

test.skipIf(!existsSync("/dev/full"))("a full disk is said by follow; the error that ends the run is not covered by it", () => {
  symlinkSync("/dev/full", join(folder, "log.jsonl"));
  const log = openRunLog(folder);
  const full = expect.objectContaining({ code: "E_WRITE_FAILED", message: expect.stringMatching(/log\.jsonl.*ENOSPC/) });
  expect(() => log.follow({ event: "warning", message: "careful" })).toThrow(full);
  log.error(new Error("it broke"));
  log.close();
});
