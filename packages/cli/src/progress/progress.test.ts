import type { RunEvent } from "@axonloom/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StageClock } from "./clock.ts";
import type { Display } from "./display.ts";
import { followWith } from "./index.ts";
import { openPlain } from "./plain.ts";
import { barOf, openTerminal } from "./terminal.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] }));
afterEach(() => vi.useRealTimers());

const progress = (done: number, voxels = 0): RunEvent => ({ event: "progress", stage: "segment", done, total: 8, voxels });

/** What a terminal shows after it got `text`: lines, the last of which the cursor is on. */
function screen(text: string): string[] {
  const lines = [""];
  for (const part of text.replaceAll("\r\u001b[K", "\t").split(/([\t\n])/)) {
    if (part === "\n") lines.push("");
    else if (part === "\t") lines[lines.length - 1] = "";
    else lines[lines.length - 1] += part;
  }
  return lines;
}

test("a clock tells rate and time left", () => {
  const clock = new StageClock("segment", 8, 1000);
  expect(clock.text(1000)).toBe("0/8 (0 %)");
  clock.advance(2, 20e6);
  expect(clock.text(11_000)).toBe("2/8 (25 %), 2.0 Mvoxel/s, 30 s left");
  expect(barOf(clock, 11_000)).toBe("segment   [######..................] 2/8 (25 %), 2.0 Mvoxel/s, 30 s left");
  clock.advance(8, 80e6);
  expect(clock.text(41_000)).toBe("8/8 (100 %), 2.0 Mvoxel/s");
});

test("a stage without tasks is done", () => {
  expect(new StageClock("verify", 0, 0).text(5)).toBe("0/0 (100 %)");
});

test("plain lines: starts, ends, and at most one line in ten seconds between", () => {
  const lines: string[] = [];
  const { follow } = followWith(openPlain((line) => lines.push(line)));
  follow({ event: "stage-started", stage: "segment", total: 8 });
  for (let done = 1; done <= 8; done++) {
    vi.advanceTimersByTime(4000);
    follow(progress(done, done * 1e6));
  }
  follow({ event: "stage-finished", stage: "segment", seconds: 32 });
  expect(lines).toEqual([
    "segment: started, 8 tasks",
    "segment: 3/8 (37 %), 0.3 Mvoxel/s, 20 s left",
    "segment: 6/8 (75 %), 0.3 Mvoxel/s, 8.0 s left",
    "segment: finished in 32 s",
  ]);
});

test("a terminal has one bar on its last line, and lines above it", () => {
  let written = "";
  const display = openTerminal({ columns: 60, write: (text) => (written += text) });
  const { follow, close } = followWith(display);
  follow({ event: "stage-started", stage: "segment", total: 8 });
  vi.advanceTimersByTime(2000);
  follow(progress(1, 4e6));
  follow({ event: "warning", message: "look" });
  vi.advanceTimersByTime(1000);
  const shown = screen(written);
  expect(shown).toEqual(["warning: look", "segment   [###.....................] 1/8 (12 %), 1.3 Mvoxel"]);
  expect(shown[1]!.length).toBeLessThan(60);
  follow({ event: "stage-finished", stage: "segment", seconds: 3 });
  close();
  expect(screen(written)).toEqual(["warning: look", "segment: finished in 3.0 s", ""]);
  const length = written.length;
  vi.advanceTimersByTime(10_000);
  expect(written).toHaveLength(length);
});

test("messages of tasks: warnings only, and not without end", () => {
  const lines: string[] = [];
  const display: Display = { hasBar: false, line: (text) => lines.push(text), update() {}, close() {} };
  const { follow } = followWith(display);
  follow({ event: "log", level: "info", task: "segment 1", message: "fine" });
  for (let i = 0; i < 100; i++) follow({ event: "log", level: "warn", task: `segment ${i}`, message: "no seed" });
  expect(lines).toHaveLength(21);
  expect(lines[0]).toBe("warning: segment 0: no seed");
  expect(lines.filter((line) => line.includes("log.jsonl"))).toHaveLength(1);
});
