import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { phantomBlock } from "../phantom/index.ts";
import { openVolume } from "../store/index.ts";
import { writePhantom } from "./phantom.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phantom-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const request = (size: readonly [number, number, number]) => ({
  size,
  seed: 3,
  grayDestination: join(folder, "gray"),
  truthDestination: `npy://${join(folder, "truth.npy")}`,
});

test("both volumes are what the phantom is, across the borders of blocks", async () => {
  const progress: number[] = [];
  const { gray, truth } = await writePhantom(request([150, 40, 30]), { onProgress: (part) => progress.push(part) });
  const { bounds } = await gray.info();
  expect(bounds).toEqual({ start: [0, 0, 0], stop: [30, 40, 150] });
  const expected = phantomBlock({ seed: 3 }, bounds);
  const written = { gray: (await (await openVolume(gray.source)).read(bounds)).data, truth: (await truth.read(bounds)).data };
  expect(written.gray.every((value: number | bigint, i: number) => value === expected.gray[i])).toBe(true);
  expect(written.truth.every((value: number | bigint, i: number) => value === expected.truth[i])).toBe(true);
  expect(progress.at(-1)).toBe(1);
});

test("a taken name, a bad size: an error and nothing left behind", async () => {
  await writePhantom(request([8, 8, 8]));
  const other = { ...request([8, 8, 8]), grayDestination: join(folder, "other") };
  await expect(writePhantom(other)).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
  expect(readdirSync(folder).sort()).toEqual(["gray", "truth.npy"]);
  await expect(writePhantom(request([8, 0, 8]))).rejects.toThrow(/8, 0, 8/);
  expect(existsSync(join(folder, "gray.partial"))).toBe(false);
});
