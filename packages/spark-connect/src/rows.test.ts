import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "./batch.ts";
import { rowsOf } from "./rows.ts";

const DDL =
  "a long, b int, c double, d string, e binary, f boolean, g date, h timestamp, i array<string>, j struct<x: int, y: array<long>>, k map<string, double>";
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 4 });
const DAY_MS = 86_400_000;
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const row = fc.record({
  a: nullable(long),
  b: nullable(fc.integer()),
  c: nullable(fc.double()),
  d: nullable(fc.string({ unit: "grapheme" })),
  e: nullable(fc.uint8Array()),
  f: nullable(fc.boolean()),
  g: nullable(fc.integer({ min: -100_000, max: 100_000 }).map((day) => new Date(day * DAY_MS))),
  h: nullable(fc.date({ noInvalidDate: true, min: new Date("1600-01-01"), max: new Date("2600-01-01") })),
  i: nullable(fc.array(nullable(fc.string()))),
  j: nullable(fc.record({ x: nullable(fc.integer()), y: nullable(fc.array(nullable(long))) })),
  k: nullable(
    fc
      .uniqueArray(fc.string(), { maxLength: 4 })
      .chain((keys) =>
        fc
          .array(nullable(fc.double()), { minLength: keys.length, maxLength: keys.length })
          .map((values) => new Map(keys.map((key, i) => [key, values[i]!]))),
      ),
  ),
});

test("rows become a batch and rows again", () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
      expect([...rowsOf(batchOf(rows, DDL))]).toEqual(rows);
    }),
  );
});

test("decimals are text with all their digits", () => {
  const values = [0n, 5n, -5n, 105n, -123456789012345678901234567890n, 10n ** 37n];
  const texts = [
    ...rowsOf(
      batchOf(
        values.map((v) => ({ v })),
        "v decimal(38, 2)",
      ),
    ),
  ].map((found) => found["v"]);
  expect(texts).toEqual([
    "0.00",
    "0.05",
    "-0.05",
    "1.05",
    "-1234567890123456789012345678.90",
    "100000000000000000000000000000000000.00",
  ]);
  expect([...rowsOf(batchOf([[-7n]], "v decimal(5, 0)"))]).toEqual([{ v: "-7" }]);
});
