import fc from "fast-check";
import { expect, test } from "vitest";
import { isAxonloomError } from "../errors.ts";
import { type Box, box, equalBoxes, shapeOf } from "./box.ts";
import {
  boundingBox,
  clipRoi,
  countVoxels,
  intersectsBox,
  maskOf,
  parseRoi,
  type Roi,
  restrictRoi,
  roiFingerprint,
  roiFromBox,
  wholeRoi,
} from "./roi.ts";

const cube = (n: number): Box => box([0, 0, 0], [n, n, n]);

const codeOf = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    if (isAxonloomError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
};

// A small world in which every ROI can be checked voxel by voxel: blocks of 4, coordinates about -8 … 20.
const runArbitrary = fc
  .tuple(fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 3 }), fc.nat(3))
  .map(([z, y, x, n]) => [z, y, x, x + n] as const);
const runsArbitrary = fc.array(runArbitrary, { minLength: 1, maxLength: 12 });
const boxArbitrary = fc
  .tuple(
    fc.array(fc.integer({ min: -12, max: 16 }), { minLength: 3, maxLength: 3 }),
    fc.array(fc.integer({ min: 1, max: 14 }), { minLength: 3, maxLength: 3 }),
  )
  .map(([s, n]) => box([s[0]!, s[1]!, s[2]!], [s[0]! + n[0]!, s[1]! + n[1]!, s[2]! + n[2]!]));

function* voxels({ start, stop }: Box): Generator<[number, number, number]> {
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) for (let x = start[2]; x < stop[2]; x++) yield [z, y, x];
  }
}

const inBox = ({ start, stop }: Box, [z, y, x]: [number, number, number]) =>
  z >= start[0] && z < stop[0] && y >= start[1] && y < stop[1] && x >= start[2] && x < stop[2];

const inRuns = (runs: readonly (readonly number[])[], size: number, v: [number, number, number]) => {
  const [z, y, x] = v.map((n) => Math.floor(n / size)) as [number, number, number];
  return runs.some((r) => r[0] === z && r[1] === y && r[2]! <= x && x <= r[3]!);
};

test("mask, count, box and fingerprint of runs agree with a test of every voxel", () => {
  fc.assert(
    fc.property(runsArbitrary, boxArbitrary, boxArbitrary, boxArbitrary, (runs, limit, bounds, b) => {
      const whole = parseRoi(runs, 4);
      const roi: Roi = { ...whole, box: limit };
      const expected = Uint8Array.from(voxels(b), (v) => Number(inRuns(runs, 4, v) && inBox(limit, v) && inBox(bounds, v)));
      const count = expected.reduce((n, m) => n + m, 0);
      const mask = maskOf(roi, b, bounds);
      if (count === expected.length) expect(mask).toBeNull();
      else expect(mask).toEqual(expected);
      expect(countVoxels(roi, b, bounds)).toBe(count);
      const inRoi = Array.from(voxels(b)).filter((v) => inRuns(runs, 4, v) && inBox(limit, v));
      expect(intersectsBox(roi, b)).toBe(inRoi.length > 0);
      // A restricted ROI says the same about its box, and its fingerprint is that of the whole one.
      const part = restrictRoi(roi, b);
      expect(maskOf(part, b, bounds)).toEqual(mask);
      expect(roiFingerprint(part, b)).toEqual(roiFingerprint(roi, b));
      const extent = boundingBox(part)!;
      for (const a of [0, 1, 2] as const) {
        expect(extent.start[a]).toBe(inRoi.length === 0 ? 0 : Math.min(...inRoi.map((v) => v[a])));
        expect(extent.stop[a]).toBe(inRoi.length === 0 ? 0 : Math.max(...inRoi.map((v) => v[a])) + 1);
      }
    }),
    { numRuns: 300 },
  );
});

test("fingerprints are equal exactly where two ROIs select the same voxels", () => {
  fc.assert(
    fc.property(runsArbitrary, runsArbitrary, boxArbitrary, (p, q, b) => {
      const far = box([-99, -99, -99], [99, 99, 99]);
      const [one, two] = [parseRoi(p, 4), parseRoi(q, 4)];
      const all = new Uint8Array(Array.from(voxels(b)).length).fill(1);
      const same = Buffer.compare(maskOf(one, b, far) ?? all, maskOf(two, b, far) ?? all) === 0;
      expect(JSON.stringify(roiFingerprint(one, b)) === JSON.stringify(roiFingerprint(two, b))).toBe(same);
    }),
  );
  expect(roiFingerprint(parseRoi([[0, 0, 0, 1]]), box([0, 0, 8], [2, 2, 40]))).toBe("all");
  expect(roiFingerprint(parseRoi([[0, 0, 0, 1]]), box([32, 0, 0], [34, 2, 40]))).toBe("none");
  expect(roiFingerprint(parseRoi([[0, 0, 0, 1]]), box([31, 0, 60], [33, 1, 66]))).toEqual([[31, 0, 60, 32, 1, 64]]);
});

test("unsorted, overlapping and touching runs are united", () => {
  const roi = parseRoi([
    [1, 0, 4, 6],
    [0, 0, 2, 3],
    [0, 0, 0, 1],
    [1, 0, 5, 5],
    [0, 0, 5, 5],
  ]);
  expect(Array.from(roi.blocks!.runs)).toEqual([0, 0, 0, 4, 0, 0, 5, 6, 1, 0, 4, 7]);
});

test("a wrong ROI is refused, by entry", () => {
  expect(codeOf(() => parseRoi({}))).toMatch(/^E_ROI_INVALID.*found an object/);
  expect(codeOf(() => parseRoi([]))).toMatch(/^E_ROI_INVALID/);
  expect(
    codeOf(() =>
      parseRoi([
        [0, 0, 0, 1],
        [0, 0, 3, 2],
      ]),
    ),
  ).toMatch(/^E_ROI_INVALID: ROI entry 1: .*found \[0,0,3,2\]/);
  expect(codeOf(() => parseRoi([[0, 0, 0]]))).toMatch(/ROI entry 0/);
  expect(codeOf(() => parseRoi([[0, 0.5, 0, 1]]))).toMatch(/ROI entry 0/);
  expect(codeOf(() => parseRoi([["0", 0, 0, 1]]))).toMatch(/ROI entry 0/);
  expect(codeOf(() => parseRoi([[0, 0, 0, 2 ** 40]]))).toMatch(/ROI entry 0/);
  expect(codeOf(() => parseRoi([null]))).toMatch(/ROI entry 0/);
  expect(codeOf(() => roiFromBox(box([0, 0, 0], [1, 0, 1])))).toMatch(/^E_ROI_INVALID/);
  expect(codeOf(() => roiFromBox(box([0, 0, 0], [1, Number.NaN, 1])))).toMatch(/^E_ROI_INVALID/);
});

test("any JSON gives an ROI or a typed error", () => {
  const number = fc.oneof(fc.integer(), fc.double(), fc.integer({ min: -3, max: 3 }));
  const entry = fc.oneof(fc.array(number, { maxLength: 5 }), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.array(entry), fc.jsonValue()), (json) => {
      const answer = codeOf(() => parseRoi(json));
      expect(answer === "no error" || answer.startsWith("E_ROI_INVALID")).toBe(true);
    }),
  );
});

test("hostile runs allocate nothing and cost nothing outside the box asked for", () => {
  const most = 2 ** 26 - 1;
  const roi = parseRoi(Array.from({ length: 1000 }, (_, i) => [i - 500, -most, -most, most]));
  expect(countVoxels(roi, box([0, -(2 ** 31), 0], [64, 2 ** 31, 10]), box([-1, -(2 ** 31), -1], [64, 2 ** 31, 64]))).toBe(
    64 * 32 * 10,
  );
});

test("clipping: says when something was cut, refuses when nothing is inside", () => {
  const roi = parseRoi([[0, 0, 0, 2]]);
  expect(clipRoi(roi, cube(96)).cut).toBe(false);
  const { roi: clipped, cut } = clipRoi(roi, cube(80));
  expect(cut).toBe(true);
  expect(equalBoxes(boundingBox(clipped)!, box([0, 0, 0], [32, 32, 80]))).toBe(true);
  expect(codeOf(() => clipRoi(roi, box([32, 0, 0], [64, 64, 64])))).toMatch(/^E_ROI_INVALID.*x 32|^E_ROI_INVALID.*z 32/);
  expect(codeOf(() => clipRoi(roiFromBox(box([5, 5, 5], [9, 9, 9])), cube(5)))).toMatch(/^E_ROI_INVALID/);
  expect(clipRoi(wholeRoi(), cube(10))).toEqual({ roi: { box: cube(10), blocks: null }, cut: false });
  expect(shapeOf(boundingBox(clipRoi(roiFromBox(box([-5, 1, 2], [3, 4, 5])), cube(10)).roi)!)).toEqual([3, 3, 3]);
});

test("an ROI survives a structured clone", () => {
  const roi = structuredClone(parseRoi([[0, 0, 0, 0]]));
  expect(countVoxels(roi, cube(40), cube(40))).toBe(32 ** 3);
});
