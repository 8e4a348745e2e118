import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DATA } from "../real-data.suite.ts";
import { ContingencyTable, type Labels, type MeasureOptions, measure } from "./index.ts";

const fib25 = `${DATA}/fib25-training2`;

function compare(truth: Labels, segmentation: Labels, options?: MeasureOptions) {
  const table = new ContingencyTable();
  table.addBlock(truth, segmentation);
  return measure(table.sorted(), options);
}

describe("by hand", () => {
  test("equal up to names: nothing is wrong", () => {
    expect(compare(Uint8Array.of(1, 1, 2, 2), BigUint64Array.of(7n, 7n, 2n ** 63n, 2n ** 63n))).toMatchObject({
      merge_vi: 0,
      split_vi: 0,
      vi: 0,
      rand: 1,
      adapted_rand_error: 0,
      voxels: 4,
    });
  });

  test("one body of four voxels in two halves: one bit of split; two bodies in one: one bit of merge", () => {
    // together in both: 2 pairs; in the truth 6, in the segmentation 2: recall 1/3, precision 1, harmonic mean 1/2
    expect(compare(Uint8Array.of(1, 1, 1, 1), Uint8Array.of(5, 5, 6, 6))).toMatchObject({ merge_vi: 0, split_vi: 1, rand: 0.5 });
    expect(compare(Uint8Array.of(1, 1, 2, 2), Uint8Array.of(5, 5, 5, 5))).toMatchObject({ merge_vi: 1, split_vi: 0, rand: 0.5 });
  });

  test("voxels where a side is 0 do not count, and are told", () => {
    const [truth, segmentation] = [Uint8Array.of(0, 0, 1, 1, 1), Uint8Array.of(0, 3, 0, 4, 4)];
    expect(compare(truth, segmentation)).toMatchObject({
      voxels: 2,
      vi: 0,
      left_out: { ground_truth: 2, segmentation: 2, both: 1 },
    });
    expect(compare(truth, segmentation, { countBackground: true })).toMatchObject({
      voxels: 5,
      left_out: { ground_truth: 0, segmentation: 0, both: 0 },
    });
  });

  test("nothing to compare is an error", () => {
    expect(() => compare(new Uint8Array(4), Uint8Array.of(1, 2, 3, 4))).toThrow(expect.objectContaining({ code: "E_EVALUATE" }));
    expect(() => compare(new Uint8Array(4), new Uint8Array(3))).toThrow(/4 and 3/);
    expect(() => measure(new ContingencyTable().sorted())).toThrow(expect.objectContaining({ code: "E_EVALUATE" }));
  });

  test("pairs of voxels are exact above 2^53", () => {
    const sorted = {
      truthIds: BigUint64Array.of(1n),
      segmentIds: BigUint64Array.of(1n, 2n),
      truth: Uint32Array.of(0, 0),
      segment: Uint32Array.of(0, 1),
      voxels: Float64Array.of(2 ** 40, 1),
    };
    // recall = C(2^40, 2) / C(2^40 + 1, 2) = (2^40 - 1) / (2^40 + 1)
    const recall = (2 ** 40 - 1) / (2 ** 40 + 1);
    expect(measure(sorted).rand).toBe((2 * recall) / (1 + recall));
  });
});

test("any order and size of blocks gives the same bits, and swapping the sides swaps merge and split", () => {
  const labels = fc.uint8Array({ minLength: 40, maxLength: 40, max: 4 });
  fc.assert(
    fc.property(labels, labels, fc.integer({ min: 1, max: 40 }), (truth, segmentation, size) => {
      truth[0] = 1;
      segmentation[0] = 1;
      const blocks = new ContingencyTable();
      for (let at = 40 - (40 % size); at >= 0; at -= size)
        blocks.addBlock(truth.subarray(at, at + size), segmentation.subarray(at, at + size));
      const whole = compare(truth, segmentation);
      expect(measure(blocks.sorted())).toEqual(whole);
      const swapped = compare(segmentation, truth);
      expect(swapped.merge_vi).toBeCloseTo(whole.split_vi, 12);
      expect(swapped.rand).toBeCloseTo(whole.rand, 12);
    }),
  );
});

test.skipIf(!existsSync(fib25))("fib25: the figures of scikit-image", () => {
  const read = (name: string) => {
    const bytes = gunzipSync(readFileSync(`${fib25}/${name}.npy.gz`));
    return new Uint32Array(bytes.buffer, bytes.byteOffset + 10 + bytes.readUInt16LE(8), 250 ** 3);
  };
  const found = compare(read("gt"), read("ws"));
  expect(Math.abs(found.split_vi - 2.3757483232094714)).toBeLessThan(1e-12);
  expect(Math.abs(found.merge_vi - 0.3296004839291428)).toBeLessThan(1e-12);
  expect(Math.abs(found.rand - 0.73369235760791)).toBeLessThan(1e-12);
  expect(found).toMatchObject({ voxels: 250 ** 3 - 250, left_out: { ground_truth: 250, segmentation: 0, both: 0 } });
});
