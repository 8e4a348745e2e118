import fc from "fast-check";
import { expect, test } from "vitest";
import { isAxonloomError } from "../errors.ts";
import { segmentIds } from "./segment-ids.ts";

const ids = (...values: bigint[]) => BigUint64Array.from(values);

const codeOf = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return isAxonloomError(error) ? error.code : (error as Error).name;
  }
  return "no error";
};

test("ids skip what is preserved", () => {
  const numbered = segmentIds({ labelOffset: 10n, preserved: ids(3n, 12n, 13n, 17n), counts: [2, 0, 4] });
  expect(numbered.offsets).toEqual([0, 2, 2]);
  expect(numbered.total).toBe(6);
  expect([1, 2, 3, 4, 5, 6].map((k) => numbered.idOf(k))).toEqual([11n, 14n, 15n, 16n, 18n, 19n]);
  expect(numbered.fillIds(3, 3)).toEqual(ids(15n, 16n, 18n));
  expect(numbered.fillIds(7, 0)).toEqual(ids());
});

test("the id of index k is the k-th free number above the offset, far beyond 2^53 too", () => {
  const base = fc.constantFrom(0n, 1n, 7n, 2n ** 32n - 5n, 2n ** 53n - 3n, 2n ** 63n, 2n ** 64n - 200n);
  const near = fc.uniqueArray(fc.integer({ min: -5, max: 60 }), { maxLength: 30 });
  const counts = fc.array(fc.nat(12), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(base, near, counts, fc.nat(), fc.nat(), (labelOffset, steps, sizes, from, length) => {
      const preserved = BigUint64Array.from(steps.map((s) => labelOffset + BigInt(s)).filter((id) => id >= 0n)).sort();
      const numbered = segmentIds({ labelOffset, preserved, counts: sizes });
      const taken = new Set(preserved);
      const expected: bigint[] = [];
      for (let id = labelOffset + 1n; expected.length < numbered.total; id++) if (!taken.has(id)) expected.push(id);
      expect(expected.map((_, i) => numbered.idOf(i + 1))).toEqual(expected);
      const start = from % (numbered.total + 1);
      const count = length % (numbered.total - start + 1);
      expect(Array.from(numbered.fillIds(start + 1, count))).toEqual(expected.slice(start, start + count));
    }),
  );
});

test("what does not fit is refused", () => {
  const last = 2n ** 64n - 1n;
  expect(segmentIds({ labelOffset: last - 3n, preserved: ids(last - 1n), counts: [2] }).fillIds(1, 2)).toEqual(
    ids(last - 2n, last),
  );
  expect(codeOf(() => segmentIds({ labelOffset: last - 3n, preserved: ids(last - 1n), counts: [3] }))).toBe("E_CONFIG_INVALID");
  expect(codeOf(() => segmentIds({ labelOffset: -1n, preserved: ids(), counts: [1] }))).toBe("E_CONFIG_INVALID");
  expect(codeOf(() => segmentIds({ labelOffset: 0n, preserved: ids(5n, 5n), counts: [1] }))).toBe("E_CONFIG_INVALID");
  expect(codeOf(() => segmentIds({ labelOffset: 0n, preserved: ids(), counts: [2 ** 53 - 1, 1] }))).toBe("E_PARTITION");
  expect(codeOf(() => segmentIds({ labelOffset: 0n, preserved: ids(), counts: [0.5] }))).toBe("RangeError");
  const task = segmentIds({ labelOffset: last - 3n, preserved: ids(last - 1n), counts: [] });
  expect(task.idOf(2)).toBe(last);
  expect(codeOf(() => task.idOf(0))).toBe("RangeError");
  expect(codeOf(() => task.idOf(1.5))).toBe("RangeError");
  expect(codeOf(() => task.idOf(3))).toBe("E_CONFIG_INVALID");
  expect(codeOf(() => task.fillIds(2, 2))).toBe("E_CONFIG_INVALID");
});
