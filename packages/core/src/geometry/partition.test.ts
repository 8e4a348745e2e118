import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isAxonloomError } from "../errors.ts";
import { DATA } from "../real-data.suite.ts";
import { type Box, box, equalBoxes, shapeOf, toXyz, type Vec3, voxelsIn } from "./box.ts";
import { findFaces } from "./faces.ts";
import { coresOnGrid, type PartitionOptions, partition } from "./partition.ts";
import { countVoxels, maskOf, parseRoi, type Roi, roiFromBox, wholeRoi } from "./roi.ts";

const flyem = `${DATA}/flyem-262`;
const golden = `${DATA}/dvid-golden`;
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

const cubic = (n: number): Vec3 => [n, n, n];
const cube = (n: number): Box => box([0, 0, 0], cubic(n));
const far: Box = box(cubic(-(2 ** 20)), cubic(2 ** 20));

const cut = (roi: Roi, bounds: Box, chunk: number, more: Partial<PartitionOptions> = {}) =>
  partition({
    roi,
    bounds,
    method: "grid-aligned",
    chunk: cubic(chunk),
    border: cubic(20),
    filter: "all",
    grid: cubic(Math.min(64, chunk)),
    ...more,
  });
const askDvid = (roi: Roi, blocks: number) => cut(roi, far, 32 * blocks, { method: "ask-dvid" });
const activeBlocks = (roi: Roi, core: Box) => countVoxels(roi, core, far) / 32 ** 3;

const refusal = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return isAxonloomError(error) ? `${error.code}: ${error.message}` : `untyped: ${String(error)}`;
  }
  return "no error";
};

test("ask-dvid: the server's own example, boxes of 5 blocks", () => {
  const rows: Record<number, [number, number, number][]> = {
    100: [
      [101, 200, 210],
      [102, 200, 210],
      [103, 201, 212],
    ],
    101: [
      [101, 201, 213],
      [102, 202, 215],
      [103, 202, 216],
    ],
    102: [
      [101, 200, 210],
      [103, 201, 216],
      [104, 203, 217],
    ],
    103: [
      [101, 200, 210],
      [103, 200, 210],
      [105, 201, 212],
    ],
  };
  const roi = parseRoi(Object.entries(rows).flatMap(([z, runs]) => runs.map((run) => [Number(z), ...run])));
  const subvolumes = askDvid(roi, 5);
  expect(subvolumes.map((s) => activeBlocks(roi, s.core))).toEqual([25, 40, 30, 8, 5, 5, 5, 11, 15, 8]);
  expect(toXyz(subvolumes[0]!.core.start)).toEqual([6368, 3168, 3136]);
});

for (const size of [4, 16]) {
  test.skipIf(!existsSync(golden))(`ask-dvid: the answer of a real server, boxes of ${size} blocks`, () => {
    const roi = parseRoi(readJson(`${golden}/roi.request.json`));
    const answer = readJson(`${golden}/roi_partition${size}.json`) as {
      Subvolumes: { MinPoint: number[]; MaxPoint: number[]; ActiveBlocks: number }[];
    };
    const expected = answer.Subvolumes.map((s) => ({
      min: s.MinPoint,
      max: s.MaxPoint,
      active: s.ActiveBlocks,
    }));
    const found = askDvid(roi, size).map(({ core }) => ({
      min: toXyz(core.start),
      max: toXyz(core.stop).map((n) => n - 1),
      active: activeBlocks(roi, core),
    }));
    expect(found).toEqual(expected);
  });
}

test.skipIf(!existsSync(flyem))("real ROIs of 256³ and 512³ voxels, chunk 128", () => {
  const roi = parseRoi(readJson(`${flyem}/256roi.json`));
  for (const method of ["grid-aligned", "ask-dvid"] as const) {
    const subvolumes = cut(roi, cube(256), 128, { method });
    const starts = [0, 128].flatMap((z) => [0, 128].flatMap((y) => [0, 128].map((x) => [z, y, x])));
    expect(subvolumes.map((s) => s.core.start)).toEqual(starts);
    expect(subvolumes.map((s) => s.id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(findFaces(subvolumes)).toHaveLength(12);
  }
  expect(cut(parseRoi(readJson(`${flyem}/500roi.json`)), cube(512), 128)).toHaveLength(64);
});

test.skipIf(!existsSync(flyem))("an ROI without corners: eight boxes, each with a masked corner", () => {
  const roi = parseRoi(readJson(`${flyem}/roi-256-without-corners.json`));
  const bounds = cube(256);
  const subvolumes = cut(roi, bounds, 128);
  expect(subvolumes).toHaveLength(8);
  for (const { core } of subvolumes) {
    const corner = box(
      core.start.map((n) => (n === 0 ? 0 : 192)) as unknown as Vec3,
      core.start.map((n) => (n === 0 ? 64 : 256)) as unknown as Vec3,
    );
    expect(maskOf(roi, corner, bounds)!.every((m) => m === 0)).toBe(true);
    expect(countVoxels(roi, core, bounds)).toBe(128 ** 3 - 64 ** 3);
  }
});

test("grid-aligned: anchored at the output's grid, last boxes pass the edge", () => {
  const subvolumes = cut(roiFromBox(box([70, 0, 100], [150, 100, 300])), cube(310), 128);
  expect(subvolumes.map((s) => s.core.start)).toEqual([
    [64, 0, 64],
    [64, 0, 192],
  ]);
  expect(subvolumes[1]!.core.stop).toEqual([192, 128, 320]);
  expect(subvolumes[1]!.bordered).toEqual(box([44, -20, 172], [212, 148, 340]));
  const shifted = cut(wholeRoi(), box([10, 20, 30], [110, 120, 130]), 64, { gridOrigin: [10, 20, 30] });
  expect(shifted).toHaveLength(8);
  expect(shifted[0]!.core.start).toEqual([10, 20, 30]);
  expect(coresOnGrid(shifted, cubic(64), [10, 20, 30])).toBe(true);
  expect(coresOnGrid(shifted, cubic(64))).toBe(false);
});

test("boxes without a voxel of the ROI inside the volume are dropped", () => {
  // The second block lies in the volume, but only its first ten voxels do; the third lies outside.
  const roi = parseRoi([
    [0, 0, 0, 0],
    [0, 0, 4, 4],
    [0, 0, 8, 8],
  ]);
  expect(cut(roi, box([0, 0, 0], [64, 64, 138]), 64).map((s) => s.core.start[2])).toEqual([0, 128]);
  expect(cut(roi, box([0, 0, 0], [64, 64, 128]), 64).map((s) => s.core.start[2])).toEqual([0]);
});

test("interior-only keeps exactly the boxes whose bordered box lies inside volume and ROI", () => {
  const bounds = cube(320);
  const inner = cut(wholeRoi(), bounds, 64, { filter: "interior-only" });
  expect(inner).toHaveLength(27);
  expect(inner.map((s) => s.id)).toEqual(Array.from({ length: 27 }, (_, i) => i));
  expect(inner[0]!.core.start).toEqual([64, 64, 64]);
  expect(cut(wholeRoi(), bounds, 64, { filter: "interior-only", border: cubic(0) })).toHaveLength(125);
  // One block missing: border 32 reaches it from its 2·2·2 neighbours inside, border 0 only from its own box.
  const runs = Array.from({ length: 100 }, (_, i) => [Math.floor(i / 10), i % 10, 0, 9]);
  const holed = runs.flatMap((r) =>
    r[0] === 3 && r[1] === 3
      ? [
          [3, 3, 0, 2],
          [3, 3, 4, 9],
        ]
      : [r],
  );
  const lost = (border: number) =>
    cut(parseRoi(runs), bounds, 64, { filter: "interior-only", border: cubic(border) }).length -
    cut(parseRoi(holed), bounds, 64, { filter: "interior-only", border: cubic(border) }).length;
  expect(lost(0)).toBe(1);
  expect(lost(1)).toBe(8);
});

test("sizes that do not fit are refused", () => {
  const whole = wholeRoi();
  expect(refusal(() => cut(whole, cube(256), 100, { grid: cubic(100) }))).toMatch(
    /^E_PARTITION: chunk-size: expected multiples of 32/,
  );
  expect(refusal(() => cut(whole, cube(256), 96, { grid: cubic(64) }))).toMatch(
    /^E_PARTITION: chunk-size: .*output's chunk 64, 64, 64/,
  );
  expect(refusal(() => cut(whole, cube(256), 64, { border: [0, -1, 0] }))).toMatch(/^E_PARTITION: border/);
  expect(refusal(() => cut(whole, cube(256), 64, { grid: cubic(0) }))).toMatch(/^E_PARTITION: output chunk/);
  expect(refusal(() => cut(whole, cube(256), 64, { method: "ask-dvid", chunk: [64, 64, 128] }))).toMatch(
    /^E_PARTITION.*128, 64, 64/,
  );
  expect(refusal(() => cut(parseRoi([[0, 0, 0, 0]], 16), cube(256), 64, { method: "ask-dvid" }))).toMatch(/^E_PARTITION: ROI/);
  expect(refusal(() => cut(whole, cube(2 ** 20), 64))).toMatch(/^E_PARTITION.*larger chunk-size/);
  expect(refusal(() => cut(whole, cube(2 ** 20), 64, { method: "ask-dvid" }))).toMatch(/^E_PARTITION.*larger chunk-size/);
  expect(refusal(() => cut(roiFromBox(box([9, 9, 9], [10, 10, 10])), cube(9), 64))).toMatch(/^E_ROI_INVALID/);
});

test("both methods: boxes are disjoint, sorted, and hold every voxel of the ROI exactly once", () => {
  const runs = fc.array(
    fc.tuple(fc.integer({ min: -3, max: 6 }), fc.integer({ min: -3, max: 6 }), fc.integer({ min: -3, max: 6 }), fc.nat(9)),
    { minLength: 1, maxLength: 10 },
  );
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 4 }), fc.constantFrom("grid-aligned", "ask-dvid"), (list, size, method) => {
      const roi = parseRoi(list.map(([z, y, x, n]) => [z, y, x, x + n]));
      const subvolumes = cut(roi, far, size * 32, { method, grid: cubic(32) });
      let held = 0;
      for (const [i, s] of subvolumes.entries()) {
        expect(s.id).toBe(i);
        expect(shapeOf(s.core)).toEqual(cubic(size * 32));
        const inside = countVoxels(roi, s.core, far);
        expect(inside).toBeGreaterThan(0);
        held += inside;
        for (const t of subvolumes.slice(i + 1)) {
          expect(equalBoxes(s.core, t.core)).toBe(false);
          expect(s.core.stop.some((n, a) => n <= t.core.start[a]!) || t.core.stop.some((n, a) => n <= s.core.start[a]!)).toBe(true);
          const order = [0, 1, 2].map((a) => t.core.start[a]! - s.core.start[a]!).find((d) => d !== 0)!;
          expect(order).toBeGreaterThan(0);
        }
      }
      expect(held).toBe(countVoxels(roi, far, far));
    }),
    { numRuns: 60 },
  );
});

test("ask-dvid gives the same boxes for a box and for the blocks that fill it", () => {
  const block = fc.integer({ min: -4, max: 5 });
  const extent = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(fc.tuple(block, block, block), fc.tuple(extent, extent, extent), fc.integer({ min: 1, max: 4 }), (s, n, size) => {
      const runs = Array.from({ length: n[0] * n[1] }, (_, i) => [
        s[0] + Math.floor(i / n[1]),
        s[1] + (i % n[1]),
        s[2],
        s[2] + n[2] - 1,
      ]);
      const start = s.map((v) => v * 32) as unknown as Vec3;
      const solid = box(start, s.map((v, a) => (v + n[a]!) * 32) as unknown as Vec3);
      expect(voxelsIn(solid)).toBe(n[0] * n[1] * n[2] * 32 ** 3);
      expect(askDvid(roiFromBox(solid), size)).toEqual(askDvid(parseRoi(runs), size));
    }),
  );
});
