import { expect, test } from "vitest";
import type { Vec3 } from "../../geometry/box.ts";
import { contextOf } from "../step-input.suite.ts";
import { findLargeEmptyRegions } from "./find-large-empty-regions.ts";

const shape: Vec3 = [40, 40, 40];

function paint(data: Uint8Array, start: Vec3, stop: Vec3, value: number): void {
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      for (let x = start[2]; x < stop[2]; x++) data[(z * shape[1] + y) * shape[2] + x] = value;
    }
  }
}

function run(gray: Uint8Array, parameters = { min_background_voxel_count: 100 }, inside: Uint8Array | null = null) {
  return findLargeEmptyRegions({ ...contextOf(shape, parameters, inside), gray });
}

test("two zero cubes of 10³ in corners are background, a sheet of 25 zeros is not", () => {
  const gray = new Uint8Array(40 ** 3).fill(120);
  paint(gray, [0, 0, 0], [10, 10, 10], 0);
  paint(gray, [30, 30, 30], [40, 40, 40], 0);
  paint(gray, [20, 20, 20], [21, 25, 25], 0);
  const expected = new Uint8Array(40 ** 3).fill(1);
  paint(expected, [0, 0, 0], [10, 10, 10], 0);
  paint(expected, [30, 30, 30], [40, 40, 40], 0);
  expect(run(gray)).toEqual(expected);
});

test("a component of exactly the minimum is background, one voxel less is not", () => {
  const gray = new Uint8Array(40 ** 3).fill(1);
  paint(gray, [5, 5, 5], [6, 15, 15], 0);
  expect(run(gray)?.filter((v) => v === 0).length).toBe(100);
  gray[(5 * 40 + 5) * 40 + 5] = 1;
  expect(run(gray)).toBeNull();
});

test("diagonal neighbours are no component", () => {
  const gray = new Uint8Array(40 ** 3).fill(1);
  for (let i = 0; i < 40; i++) gray[(i * 40 + i) * 40 + i] = 0;
  expect(run(gray, { min_background_voxel_count: 2 })).toBeNull();
});

test("no zero, or only small pieces: null", () => {
  expect(run(new Uint8Array(40 ** 3).fill(3))).toBeNull();
});

test("padding outside the volume does not make a small region large", () => {
  const gray = new Uint8Array(40 ** 3).fill(90);
  const inside = new Uint8Array(40 ** 3).fill(1);
  paint(gray, [0, 0, 0], [10, 40, 40], 0);
  paint(inside, [0, 0, 0], [10, 40, 40], 0);
  paint(gray, [10, 0, 0], [11, 5, 5], 0); // 25 voxels beside the padding
  expect(run(gray, undefined, inside)).toBeNull();
  expect(run(gray)?.filter((v) => v === 0).length).toBe(16025);
});
