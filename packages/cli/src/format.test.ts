import { expect, test } from "vitest";
import { formatBytes, formatNumber, formatRate, formatSeconds } from "./format.ts";

test.each([
  [0, "0 bytes"],
  [1023, "1023 bytes"],
  [1024, "1.00 KiB"],
  [1536 * 1024, "1.50 MiB"],
  [2 ** 30 * 1000, "1000 GiB"],
  [4.5e15, "4.00 PiB"],
])("%d bytes", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, "0.0 s"],
  [9.94, "9.9 s"],
  [59.6, "1 min 00 s"],
  [60, "1 min 00 s"],
  [3599, "59 min 59 s"],
  [3600, "1 h 00 min"],
  [7 * 3600 + 65, "7 h 01 min"],
  [100 * 3600, "4 d 04 h"],
])("%d seconds", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

test("counts and rates", () => {
  expect(formatNumber(1, "face")).toBe("1 face");
  expect(formatNumber(1234567, "match", "matches")).toBe("1,234,567 matches");
  expect(formatRate(5e6, 2)).toBe("2.5 Mvoxel/s");
});
