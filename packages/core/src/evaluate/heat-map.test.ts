/** Heat maps: the grid, the projection, the pixels of the picture. */
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { colourOf, drawHeatMap, type HeatMapGrid, heatMapOf, largestOf, projectHeatMap } from "./index.ts";
import type { SubvolumeResult, TableMeasures } from "./result.ts";

const cellAt = (id: number, x: number, y: number, z: number, vi: number, ignore = false): SubvolumeResult => ({
  id,
  box_xyz: [
    [x, y, z],
    [x + 32, y + 64, z + 16],
  ],
  ignore,
  measures: { "voxels:voxels": { vi } as TableMeasures },
});

// the first box is cut by the volume: its cell is the one of x 32..64 all the same
const subvolumes = [cellAt(0, 40, 64, 16, 0.5), cellAt(1, 64, 64, 16, 2), cellAt(2, 64, 64, 32, 1), cellAt(3, 96, 64, 32, 4, true)];
const map = heatMapOf(subvolumes, [16, 64, 32], ({ vi }) => vi);

test("values lie on the grid of the subvolumes; nothing and ignored is NaN", () => {
  expect(map).toMatchObject({ shape: [2, 1, 3], first: [1, 1, 1] });
  expect([...map.values]).toEqual([0.5, 2, NaN, NaN, 1, NaN]);
  expect([...projectHeatMap(map).values]).toEqual([0.5, 2, NaN]);
  expect(largestOf(map)).toBe(2);
  expect(largestOf({ ...map, values: Float64Array.of(NaN) })).toBe(0);
});

test("a picture: cells, gray where there is nothing, the bar from the largest value to 0", () => {
  const { width, height, data, channels } = decode(drawHeatMap(map, 0, 2));
  expect({ channels, size: data.length }).toEqual({ channels: 3, size: 3 * width * height });
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  // cells of 32 x 64 voxels: 160 x 320 pixels after a margin of 16
  expect(at(16 + 80, 16 + 160)).toEqual(colourOf(0.25));
  expect(at(16 + 160 + 80, 16 + 160)).toEqual(colourOf(1));
  expect(at(16 + 320 + 80, 16 + 160)).toEqual([160, 160, 160]);
  const bar = 16 + 480 + 16 + 10;
  expect(at(bar, 16)).toEqual(colourOf(1));
  expect(at(bar, 16 + 319)).toEqual(colourOf(0));
  expect(at(4, 4)).toEqual([255, 255, 255]);
});

test("maps of one cell, of many, and without a difference can be drawn", () => {
  const one: HeatMapGrid = { shape: [1, 1, 1], first: [0, 0, 0], cell: [32, 32, 32], values: Float64Array.of(0) };
  expect(decode(drawHeatMap(one, 0, 0)).height).toBe(480 + 32);
  const many = { ...one, shape: [1, 3, 700] as const, values: new Float64Array(2100).fill(12345.6) };
  expect(decode(drawHeatMap(many, 0, 12345.6)).width).toBeGreaterThan(700);
});
