import fc from "fast-check";
import { expect, test } from "vitest";
import { applyTable, remapLabels, renumber, uniqueLabels } from "./index.ts";
import { remapReference, renumberReference, uniqueReference } from "./reference.ts";

const MAX = 2n ** 64n - 1n;
/** Labels that share a low or a high word, zero, and the largest. */
const label = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 1n << 32n, (1n << 32n) + 1n, 2n << 32n, 0x7ff8_0000_0000_0001n, 1n << 63n, MAX),
  fc.bigInt({ min: 0n, max: MAX }),
);
const runs = fc
  .array(fc.tuple(label, fc.integer({ min: 1, max: 12 })))
  .map((list) => BigUint64Array.from(list.flatMap(([value, length]) => new Array<bigint>(length).fill(value))));

test("by hand", () => {
  expect(uniqueLabels(Uint32Array.of(7, 7, 0, 0xffffffff, 7, 2))).toEqual(Uint32Array.of(0, 2, 7, 0xffffffff));
  expect(uniqueLabels(BigUint64Array.of(MAX, 1n << 32n, 1n, MAX))).toEqual(BigUint64Array.of(1n, 1n << 32n, MAX));
  expect(renumber(BigUint64Array.of(MAX, 0n, 5n, 5n, MAX))).toEqual({
    labels: Uint32Array.of(1, 0, 2, 2, 1),
    ids: BigUint64Array.of(0n, MAX, 5n),
  });
  expect(applyTable(Uint32Array.of(2, 2, 0, 1), BigUint64Array.of(0n, 8n, MAX))).toEqual(BigUint64Array.of(MAX, MAX, 0n, 8n));
  expect(remapLabels(BigUint64Array.of(0n, 0n, 3n, 1n << 32n, 4n), BigUint64Array.of(0n, 3n), BigUint64Array.of(9n, MAX))).toEqual(
    BigUint64Array.of(9n, 9n, MAX, 1n << 32n, 4n),
  );
});

test("unique and renumber are as the plain versions, for every type", () => {
  fc.assert(
    fc.property(runs, (labels) => {
      const narrow = [Uint8Array, Uint16Array, Uint32Array].map((type) => type.from(Array.from(labels, Number)));
      expect(Array.from(uniqueLabels(labels))).toEqual(uniqueReference(labels));
      expect(Array.from(uniqueLabels(narrow[2] as Uint32Array), BigInt)).toEqual(uniqueReference(narrow[2]!));
      for (const array of [labels, ...narrow]) {
        const dense = renumber(array);
        expect(dense).toEqual(renumberReference(array));
        expect(Array.from(applyTable(dense.labels, dense.ids))).toEqual(Array.from(array, BigInt));
      }
    }),
  );
});

test("remap is as the plain version, into a new, a given and its own array", () => {
  fc.assert(
    fc.property(runs, fc.uniqueArray(label), fc.bigInt({ min: 0n, max: MAX }), (labels, old, seed) => {
      const from = BigUint64Array.from([...old, ...labels.slice(0, 3)]).sort();
      const distinct = from.filter((value, k) => k === 0 || value !== from[k - 1]);
      const to = distinct.map((value) => BigInt.asUintN(64, value * 0x9e3779b97f4a7c15n + seed));
      const expected = remapReference(labels, distinct, to);
      expect(remapLabels(labels, distinct, to)).toEqual(expected);
      const out = new BigUint64Array(labels.length).fill(77n);
      expect(remapLabels(labels, distinct, to, out)).toBe(out);
      expect(out).toEqual(expected);
      expect(remapLabels(labels, distinct, to, labels)).toEqual(expected);
    }),
  );
});

test("many labels: the table grows", () => {
  const labels = BigUint64Array.from({ length: 20_000 }, (_, i) => BigInt(i * 7919 + 1) << BigInt(i % 30));
  expect(renumber(labels)).toEqual(renumberReference(labels));
});

test("wrong arguments", () => {
  const two = BigUint64Array.of(1n, 2n);
  expect(() => applyTable(Uint32Array.of(0, 2), two)).toThrow(/labels below 2, found 2 at voxel 1/);
  expect(() => applyTable(Uint32Array.of(0, 1), two, new BigUint64Array(1))).toThrow(/expected 2 voxels/);
  expect(() => remapLabels(two, BigUint64Array.of(2n, 1n), two)).toThrow(/to rise/);
  expect(() => remapLabels(two, BigUint64Array.of(1n, 1n), two)).toThrow(/to rise/);
  expect(() => remapLabels(two, two, BigUint64Array.of(1n))).toThrow(/1 and 2/);
  expect(() => remapLabels(two, two, two, new BigUint64Array(3))).toThrow(/found 3/);
});
