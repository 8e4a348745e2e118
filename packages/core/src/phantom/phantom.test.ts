import { connectedComponents, renumber } from "@axonloom/kernels";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Box, boxOfShape, shapeOf } from "../geometry/box.ts";
import { type Block, crop } from "../volume/block.ts";
import { type PhantomSpec, phantomBlock } from "./index.ts";

const WHOLE = boxOfShape([64, 80, 96]);
const spec: PhantomSpec = {
  seed: 7,
  damage: { faded: { box: { start: [0, 0, 0], stop: [30, 40, 96] }, contrast: 0.1 }, darkBlobs: true, missingSlices: [50] },
};
const whole = phantomBlock(spec, WHOLE);

function graysOf(block: { gray: Uint8Array }, b: Box): Block<Uint8Array> {
  return { data: block.gray, shape: shapeOf(b) };
}

test("a voxel is the same whatever box it is computed in", () => {
  const interval = (size: number) => fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(interval(64), interval(80), interval(96), ([z, dz], [y, dy], [x, dx]) => {
      const box: Box = { start: [z, y, x], stop: [Math.min(64, z + dz), Math.min(80, y + dy), Math.min(96, x + dx)] };
      const part = phantomBlock(spec, box);
      expect(part.gray).toEqual(crop(graysOf(whole, WHOLE), WHOLE, box).data);
      expect(part.truth).toEqual(crop({ data: whole.truth, shape: shapeOf(WHOLE) }, WHOLE, box).data);
    }),
    { numRuns: 40 },
  );
});

test("another seed is another volume; negative positions are as good", () => {
  expect(phantomBlock({ ...spec, seed: 8 }, WHOLE).truth.some((id, i) => id !== whole.truth[i])).toBe(true);
  const around: Box = { start: [-6, -6, -6], stop: [6, 6, 6] };
  const block = phantomBlock(spec, around);
  const inner: Box = { start: [0, 0, 0], stop: [6, 6, 6] };
  expect(crop(graysOf(block, around), around, inner).data).toEqual(crop(graysOf(whole, WHOLE), WHOLE, inner).data);
});

describe("what it shows", () => {
  const clean = phantomBlock({ seed: 7 }, WHOLE);

  test("every voxel has a body, and almost every body is one piece", () => {
    expect(clean.truth.every((id) => id !== 0n)).toBe(true);
    const { labels, ids } = renumber(clean.truth);
    const { count } = connectedComponents(labels, shapeOf(WHOLE), { connectivity: 26 });
    expect(ids.length - 1).toBeGreaterThan(15);
    expect(count).toBeLessThan(1.3 * (ids.length - 1));
  });

  test("borders between bodies are dark, cells are bright", () => {
    let [border, borders, cell, cells] = [0, 0, 0, 0];
    const [, ny, nx] = shapeOf(WHOLE);
    for (let i = 0; i + 1 < clean.gray.length; i++) {
      if (i % nx === nx - 1 || i % ny === 0) continue;
      if (clean.truth[i] !== clean.truth[i + 1]) {
        border += clean.gray[i]!;
        borders += 1;
      } else {
        cell += clean.gray[i]!;
        cells += 1;
      }
    }
    expect(border / borders).toBeLessThan(75);
    expect(cell / cells).toBeGreaterThan(120);
  });

  test("damage changes the picture where it is, and never the truth", () => {
    expect(whole.truth.every((id, i) => id === clean.truth[i])).toBe(true);
    const plane = 80 * 96;
    expect(whole.gray.subarray(50 * plane, 51 * plane).every((g) => g === 0)).toBe(true);
    const darkest = (gray: Uint8Array, z: number) => gray.subarray(z * plane, z * plane + 40 * 96).filter((g) => g < 90).length;
    expect(darkest(clean.gray, 10)).toBeGreaterThan(400);
    expect(darkest(phantomBlock({ seed: 7, damage: { faded: spec.damage!.faded! } }, WHOLE).gray, 10)).toBe(0);
  });
});
