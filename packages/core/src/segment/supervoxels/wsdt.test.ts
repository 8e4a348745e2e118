import { expect, test } from "vitest";
import type { Vec3 } from "../../geometry/box.ts";
import { contextOf, recordingLogger } from "../step-input.suite.ts";
import { wsdtParameters, wsdtSupervoxels } from "./wsdt.ts";

interface Options {
  readonly mask?: Uint8Array;
  readonly inside?: Uint8Array;
  readonly voxelSizeNm?: Vec3;
}

/** Without smoothing and size limits unless given. */
function run(data: Float32Array | Uint8Array, shape: Vec3, parameters: object = {}, options: Options = {}) {
  const { mask = null, inside = null, voxelSizeNm = [8, 8, 8] } = options;
  const plain = { minMembraneSize: 0, minSegmentSize: 0, sigmaMinima: 0, sigmaWeights: 0 };
  const logger = recordingLogger();
  const context = { ...contextOf(shape, wsdtParameters.parse({ ...plain, ...parameters }), inside), voxelSizeNm, logger };
  const labels = wsdtSupervoxels({ ...context, predictions: { data, shape: [...shape, 1] }, mask });
  return { labels, lines: logger.lines };
}

const distinct = (labels: Uint32Array) => new Set(labels.filter((label) => label !== 0)).size;
const wide: Vec3 = [5, 6, 21];
const wall = Float32Array.from({ length: 630 }, (_, i) => (i % 21 === 10 ? 0.5 : 0.49));

test("a wall of probability pmin parts two cells; smoothing does not move it", () => {
  const expected = Uint32Array.from(wall, (_, i) => (i % 21 <= 10 ? 1 : 2));
  expect(run(wall, wide).labels).toEqual(expected);
  expect(run(wall, wide, { sigmaMinima: 2, sigmaWeights: 1 }).labels).toEqual(expected);
  expect(distinct(run(wall, wide, { pmin: 0.51 }).labels)).toBe(1);
  // as u8: 128 / 255 is above 0.5, 127 / 255 below
  expect(
    run(
      Uint8Array.from(wall, (p) => (p === 0.5 ? 128 : 127)),
      wide,
    ).labels,
  ).toEqual(expected);
});

test("pieces of membrane below minMembraneSize are ignored", () => {
  expect(distinct(run(wall, wide, { minMembraneSize: 30 }).labels)).toBe(2);
  expect(distinct(run(wall, wide, { minMembraneSize: 31 }).labels)).toBe(1);
});

test("segments below minSegmentSize go to their neighbours", () => {
  const line: Vec3 = [1, 1, 15];
  const p = Float32Array.from({ length: 15 }, (_, x) => (x === 3 || x === 9 ? 1 : 0));
  expect(run(p, line).labels).toEqual(Uint32Array.of(1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3));
  expect(run(p, line, { minSegmentSize: 5 }).labels).toEqual(Uint32Array.of(...new Array(10).fill(2), ...new Array(5).fill(3)));
});

test("what the mask leaves out inside the volume is membrane, padding is not", () => {
  const flat: Vec3 = [1, 3, 9];
  const pocket = Uint8Array.from({ length: 27 }, (_, i) => (i === 13 ? 0 : 1));
  const nothing = new Float32Array(27);
  // farthest from the pocket in the middle: the four corners
  expect(distinct(run(nothing, flat, {}, { mask: pocket }).labels)).toBe(4);
  const padded = run(nothing, flat, {}, { mask: pocket, inside: pocket }).labels;
  expect(padded).toEqual(Uint32Array.from(pocket));
});

test("padding of probability 1 is no membrane and no seed", () => {
  const line: Vec3 = [1, 1, 9];
  const inside = Uint8Array.of(0, 0, 1, 1, 1, 1, 1, 0, 0);
  const p = Float32Array.of(1, 1, 0, 0, 0, 0, 1, 1, 1);
  // D rises towards the padding on the left; its seed is the last voxel inside
  expect(run(p, line, {}, { mask: inside, inside }).labels).toEqual(Uint32Array.from(inside));
});

test("distances are scaled by the edges of the voxel", () => {
  // row z = 1 between walls at x 0 and 6, with a point of membrane above and below its middle
  const shape: Vec3 = [3, 1, 7];
  const inside = Uint8Array.of(...[0, 0, 0, 1, 0, 0, 0], ...[1, 1, 1, 1, 1, 1, 1], ...[0, 0, 0, 1, 0, 0, 0]);
  const p = Float32Array.of(...[0, 0, 0, 1, 0, 0, 0], ...[1, 0, 0, 0, 0, 0, 1], ...[0, 0, 0, 1, 0, 0, 0]);
  // D of the row, cubes: 0 1 √2 1 √2 1 0; with z five times as long: 0 1 2 3 2 1 0
  expect(distinct(run(p, shape, {}, { mask: inside, inside }).labels)).toBe(2);
  expect(distinct(run(p, shape, {}, { mask: inside, inside, voxelSizeNm: [40, 8, 8] }).labels)).toBe(1);
});

test("preserve_membrane_pmaps floods a membrane by probability", () => {
  const line: Vec3 = [1, 1, 13];
  const p = Float32Array.of(0, 0, 0, 0, 0.9, 0.9, 0.95, 0.7, 0.6, 0, 0, 0, 0);
  expect(run(p, line).labels).toEqual(Uint32Array.of(1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2));
  expect(run(p, line, { preserve_membrane_pmaps: true }).labels).toEqual(Uint32Array.of(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2));
});

test("distances stop at 63 voxels: a long empty cell has one seed", () => {
  const long: Vec3 = [1, 1, 300];
  const p = Float32Array.from({ length: 300 }, (_, x) => (x === 0 || x === 150 ? 1 : 0));
  expect(distinct(run(p, long).labels)).toBe(2);
});

test("nothing but membrane: all zero, with a warning", () => {
  const { labels, lines } = run(new Float32Array(630).fill(1), wide);
  expect(labels).toEqual(new Uint32Array(630));
  expect(lines).toEqual([expect.stringMatching(/^warn: create_supervoxels_with_wsdt: subvolume 7 has no seed/)]);
});
