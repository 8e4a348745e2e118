import { expect, test } from "vitest";
import { AxonloomError } from "../errors.ts";
import { checkLabels, checkMask, checkPredictions } from "./checks.ts";

const where = {
  plugin: "predict-voxels (/a/b.mjs:f)",
  subvolume: 4,
  bordered: { start: [10, 20, 30], stop: [11, 22, 33] },
} as const;

function messageOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    expect(error).toBeInstanceOf(AxonloomError);
    expect((error as AxonloomError).code).toBe("E_PLUGIN_RESULT");
    expect((error as AxonloomError).fields).toMatchObject({ plugin: where.plugin, subvolume: 4, box: where.bordered });
    return (error as Error).message;
  }
  throw new Error("expected an error");
}

test("what is right passes unchanged", () => {
  const mask = Uint8Array.of(1, 0, 1, 1, 1, 1);
  expect(checkMask(mask, where)).toBe(mask);
  expect(checkMask(null, where)).toBeNull();
  const labels = Uint32Array.of(5, 0, 5, 5, 7, 0);
  expect(checkLabels(labels, mask, where)).toBe(labels);
  const predictions = { data: new Float32Array(12).fill(1), shape: [1, 2, 3, 2] as const };
  expect(checkPredictions(predictions, where)).toEqual(predictions);
});

test.each([
  [() => checkMask(undefined, where), /expected a Uint8Array or null, found undefined/],
  [() => checkMask([1, 1, 1, 1, 1, 1], where), /found Array/],
  [() => checkMask(new Uint8Array(5), where), /expected 6 values for the shape \[1, 2, 3\].*found 5/],
  [() => checkMask(Uint8Array.of(1, 1, 1, 1, 255, 1), where), /found 255 at x 31, y 21, z 10/],
  [() => checkLabels(new Uint16Array(6), null, where), /expected a Uint32Array of labels, found Uint16Array/],
  [() => checkLabels(new Uint32Array(7), null, where), /found 7/],
  [
    () => checkLabels(new Uint32Array(6).fill(9), Uint8Array.of(1, 1, 1, 1, 1, 0), where),
    /0 where the mask is 0, found 9 at x 32, y 21, z 10/,
  ],
  [() => checkPredictions(new Float32Array(6), where), /expected \{ data.*found Float32Array/],
  [() => checkPredictions({ data: new Float64Array(6), shape: [1, 2, 3, 1] }, where), /found data Float64Array/],
  [
    () => checkPredictions({ data: new Float32Array(6), shape: [1, 2, 3] }, where),
    /expected the shape \[1, 2, 3, channels\], found \[1,2,3\]/,
  ],
  [() => checkPredictions({ data: new Float32Array(6), shape: [3, 2, 1, 1] }, where), /found \[3,2,1,1\]/],
  [() => checkPredictions({ data: new Float32Array(6), shape: [1, 2, 3, 2] }, where), /expected 12 values.*2 channels, found 6/],
  [
    () => checkPredictions({ data: Float32Array.of(0, 0, 0, Number.NaN, 0, 0), shape: [1, 2, 3, 1] }, where),
    /found NaN at x 30, y 21, z 10, channel 0/,
  ],
  [
    () => checkPredictions({ data: new Float32Array(6).fill(1.5), shape: [1, 2, 3, 1] }, where),
    /from 0 to 1, found 1.5 at x 30, y 20, z 10/,
  ],
])("nonsense %#", (f, pattern) => {
  const message = messageOf(f);
  expect(message).toMatch(pattern);
  expect(message).toContain("predict-voxels (/a/b.mjs:f), subvolume 4 (x 30..33, y 20..22, z 10..11)");
});
