import { expect, test } from "vitest";
import type { Vec3 } from "../../geometry/box.ts";
import { contextOf, randomNumbers, recordingLogger } from "../step-input.suite.ts";
import { seededWatershedParameters, seededWatershedSupervoxels } from "./seeded-watershed.ts";

function run(data: Float32Array | Uint8Array, shape: Vec3, parameters: object = {}, mask: Uint8Array | null = null) {
  const logger = recordingLogger();
  const context = { ...contextOf(shape, seededWatershedParameters.parse(parameters), mask), logger };
  const labels = seededWatershedSupervoxels({ ...context, predictions: { data, shape: [...shape, 1] }, mask });
  return { labels, lines: logger.lines };
}

const line: Vec3 = [1, 1, 11];
const ridge = Uint8Array.of(0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0);
const labelsOf = (...values: number[]) => Uint32Array.from(values);

test("two basins meet at the ridge; the first seed is first in the queue", () => {
  expect(run(ridge, line).labels).toEqual(labelsOf(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2));
});

test("51 of 255 is at the threshold of 0.2, 52 is not", () => {
  expect(
    run(
      ridge.map((v) => v + 51),
      line,
    ).labels,
  ).toEqual(labelsOf(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2));
  expect(
    run(
      ridge.map((v) => v + 52),
      line,
    ).labels,
  ).toEqual(new Uint32Array(11));
});

test("seeds of fewer than seed_size voxels are flooded by their neighbours", () => {
  const p = Float32Array.of(0, 0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0.9);
  expect(run(p, line, { seed_size: 4 }).labels).toEqual(labelsOf(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2));
  expect(new Set(run(p, line).labels)).toEqual(new Set([1]));
});

test("min_segment_size gives small segments to their neighbours", () => {
  const p = Float32Array.of(0, 0, 0, 0.9, 0, 0.8, 0, 0, 0, 0, 0);
  expect(run(p, line, { seed_size: 1 }).labels).toEqual(labelsOf(1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3));
  // the middle goes to the right: the lower of its two walls
  expect(run(p, line, { seed_size: 1, min_segment_size: 3 }).labels).toEqual(labelsOf(1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3));
});

test("masked voxels are neither seed nor flooded, and nothing passes through them", () => {
  const mask = Uint8Array.of(1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1);
  const p = Uint8Array.of(0, 0, 0, 0, 0, 0, 99, 99, 99, 99, 99);
  expect(run(p, line, {}, mask).labels).toEqual(labelsOf(1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0));
});

test("no seed: all zero, with a warning", () => {
  const { labels, lines } = run(new Uint8Array(11).fill(255), line);
  expect(labels).toEqual(new Uint32Array(11));
  expect(lines).toEqual([expect.stringMatching(/^warn: seeded_watershed: subvolume 7 has no seed/)]);
});

test("no segment large enough: all zero, with a warning", () => {
  const { labels, lines } = run(ridge, line, { min_segment_size: 7 });
  expect(labels).toEqual(new Uint32Array(11));
  expect(lines).toEqual([expect.stringMatching(/has no segment of at least 7 voxels/)]);
});

test("another channel", () => {
  const data = Uint8Array.from({ length: 22 }, (_, i) => (i % 2 === 1 ? ridge[i >> 1]! : 255));
  const parameters = seededWatershedParameters.parse({ boundary_channel: 1 });
  const labels = seededWatershedSupervoxels({
    ...contextOf(line, parameters),
    predictions: { data, shape: [...line, 2] },
    mask: null,
  });
  expect(labels).toEqual(run(ridge, line).labels);
});

test("the same map as u8 and as float gives the same labels", () => {
  const shape: Vec3 = [9, 10, 11];
  const random = randomNumbers(5);
  const bytes = Uint8Array.from({ length: 990 }, () => random() * 256);
  const floats = Float32Array.from(bytes, (v) => v / 255);
  const { labels } = run(bytes, shape, { seed_threshold: 0.3, seed_size: 2 });
  expect(Math.max(...labels)).toBeGreaterThan(10);
  expect(run(floats, shape, { seed_threshold: 0.3, seed_size: 2 }).labels).toEqual(labels);
});
