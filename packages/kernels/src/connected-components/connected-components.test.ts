import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DATA } from "../real-data.suite.ts";
import type { Shape3 } from "../shape.ts";
import { type Connectivity, connectedComponents } from "./index.ts";
import { connectedComponentsReference } from "./reference.ts";

test("by hand: equal labels that touch only diagonally", () => {
  // two slices of 2 x 3:  4 4 0 / 0 0 4   and   0 0 0 / 4 0 0
  const labels = Uint32Array.of(4, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0);
  const shape: Shape3 = [2, 2, 3];
  expect(connectedComponents(labels, shape)).toEqual({ labels: Uint32Array.of(1, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0), count: 3 });
  expect(connectedComponents(labels, shape, { connectivity: 18 })).toEqual({
    labels: Uint32Array.of(1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0),
    count: 1,
  });
  const corner = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1);
  expect(connectedComponents(corner, [2, 2, 2], { connectivity: 18 }).count).toBe(2);
  expect(connectedComponents(corner, [2, 2, 2], { connectivity: 26 }).count).toBe(1);
});

test("by hand: labels that differ only in one word of 64 bits", () => {
  const labels = BigUint64Array.of(1n, 1n, (1n << 32n) | 1n, 1n << 32n, 1n << 32n, 0n, (1n << 63n) | 1n);
  expect(connectedComponents(labels, [1, 1, 7]).labels).toEqual(Uint32Array.of(1, 1, 2, 3, 3, 0, 4));
});

const arrays = {
  Uint8Array: (values: number[]) => Uint8Array.from(values),
  Uint16Array: (values: number[]) => Uint16Array.from(values, (v) => v * 300),
  Uint32Array: (values: number[]) => Uint32Array.from(values, (v) => v * 1_400_000_000),
  BigUint64Array: (values: number[]) => BigUint64Array.from(values, (v) => (BigInt(v >> 1) << 32n) | BigInt(v & 1)),
};

for (const [type, make] of Object.entries(arrays)) {
  test(`same as the plain version: ${type}`, () => {
    const volume = fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 7 }))
      .chain((shape) => {
        const n = shape[0] * shape[1] * shape[2];
        const label = fc.integer({ min: 0, max: 3 });
        const values = fc.oneof(
          fc.array(label, { minLength: n, maxLength: n }),
          fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }),
        );
        return fc.record({ shape: fc.constant(shape), values });
      });
    fc.assert(
      fc.property(volume, fc.constantFrom<Connectivity>(6, 18, 26), ({ shape, values }, connectivity) => {
        const labels = make(values);
        const out = new Uint32Array(labels.length).fill(77);
        const result = connectedComponents(labels, shape, { connectivity, out });
        expect(result.labels).toBe(out);
        expect(result).toEqual(connectedComponentsReference(labels, shape, connectivity));
      }),
      { numRuns: 300 },
    );
  });
}

test("more runs than the list begins with, and in place", () => {
  const shape: Shape3 = [9, 40, 61];
  const labels = Uint32Array.from({ length: 9 * 40 * 61 }, (_, i) => ((i * i * 7919) >> 5) & 1);
  for (const connectivity of [6, 18, 26] as const) {
    const expected = connectedComponentsReference(labels, shape, connectivity);
    const out = labels.slice();
    expect(connectedComponents(out, shape, { connectivity, out })).toEqual(expected);
  }
});

test("wrong arguments", () => {
  expect(() => connectedComponents(new Uint8Array(7), [2, 2, 2])).toThrow(/expected 8 voxels .* found 7/);
  expect(() => connectedComponents(new Uint8Array(8), [2, 2, 2], { out: new Uint32Array(9) })).toThrow(
    /out: expected 8 .* found 9/,
  );
  expect(() => connectedComponents(new Uint8Array(8), [2, 2, 2], { connectivity: 8 as 6 })).toThrow(/6, 18 or 26, found 8/);
});

const pinky = `${DATA}/pinky40-512/labels.u32.raw.gz`;
const wsdt = `${DATA}/flyem-262/wsdt-256.npy.gz`;
const sha256 = (labels: Uint32Array) => createHash("sha256").update(labels).digest("hex");

function uint32Of(file: string, voxels: number): Uint32Array {
  const bytes = gunzipSync(readFileSync(file));
  return new Uint32Array(bytes.buffer, bytes.byteOffset + bytes.length - 4 * voxels, voxels);
}

// counts and digests of the uint32 results of cc3d 4.1.1
test.skipIf(!existsSync(wsdt))("wsdt-256: labels and numbers as cc3d's, as uint32 and as uint64", () => {
  const labels = uint32Of(wsdt, 256 ** 3);
  for (const [connectivity, count, digest] of [
    [6, 1572, "7d0db85f11ae50abe98f58682e6cef42c09a9bdabdbdd0d12a432be9c24146e5"],
    [18, 1559, "c770bb57c551aa361ab665bdac42e9eb7c11d32d69697923c94c8f22fd4d9845"],
    [26, 1558, "e759e41e25b40cdda7118e83954967ba24e880f685cef8abcd60edf6da4dbb15"],
  ] as const) {
    const result = connectedComponents(labels, [256, 256, 256], { connectivity });
    expect([result.count, sha256(result.labels)]).toEqual([count, digest]);
  }
  const words = new Uint32Array(2 * labels.length);
  labels.forEach((label, i) => {
    words[2 * i + 1] = label;
  });
  expect(connectedComponents(new BigUint64Array(words.buffer), [256, 256, 256]).count).toBe(1572);
});

test.skipIf(!existsSync(pinky))("pinky40: as many components as cc3d finds", () => {
  const labels = uint32Of(pinky, 512 ** 3);
  expect(connectedComponents(labels, [512, 512, 512], { out: labels }).count).toBe(4744);
});
