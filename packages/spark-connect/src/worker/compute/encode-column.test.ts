import { type Field, makeData, RecordBatch, Schema, Struct, Table, tableFromIPC, tableToIPC } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rowsOf } from "../../rows.ts";
import { parseSchema } from "../../schema.ts";
import { encodeColumn } from "./encode-column.ts";

/** Through the bytes of Arrow and back, read by Arrow's own readers. */
function roundTrip(ddl: string, values: readonly unknown[]): unknown[] {
  const field = parseSchema(`c ${ddl}`).fields[0]!;
  const schema = new Schema([field]);
  const data = makeData({
    type: new Struct([field]),
    length: values.length,
    nullCount: 0,
    children: [encodeColumn(field, values)],
  });
  const table = tableFromIPC(tableToIPC(new Table(new RecordBatch(schema, data)), "stream"));
  return table.batches.flatMap((batch) => [...rowsOf(batch)].map(({ c }) => (c instanceof Uint8Array ? [...c] : c)));
}

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const cases: [string, fc.Arbitrary<unknown>][] = [
  ["boolean", fc.boolean()],
  ["tinyint", fc.integer({ min: -128, max: 127 })],
  ["smallint", fc.integer({ min: -32768, max: 32767 })],
  ["int", fc.integer()],
  ["long", long],
  ["float", fc.float()],
  ["double", fc.double()],
  ["string", fc.string({ unit: "grapheme" })],
  ["array<array<int>>", fc.array(fc.array(fc.option(fc.integer())))],
  ["struct<a: long, b: string, c: array<boolean>>", fc.record({ a: long, b: fc.option(fc.string()), c: fc.array(fc.boolean()) })],
  ["map<string, long>", fc.dictionary(fc.string({ minLength: 1 }), long).map((map) => new Map(Object.entries(map)))],
];

test.each(cases)("%s: what goes in comes out, nulls too", (ddl, value) => {
  fc.assert(
    fc.property(fc.array(fc.option(value), { maxLength: 70 }), (values) => {
      expect(roundTrip(ddl, values)).toEqual(values);
    }),
    { numRuns: 40 },
  );
});

test("binary from any view, dates, timestamps, decimals, rows as arrays", () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5]);
  expect(
    roundTrip("binary", [
      bytes.subarray(1, 3),
      Buffer.from("a"),
      bytes.buffer,
      new Uint16Array([258]),
      new Uint8Array(0),
      undefined,
    ]),
  ).toEqual([[2, 3], [97], [1, 2, 3, 4, 5], [2, 1], [], null]);
  const day = new Date("2024-02-29T12:00:00Z");
  expect(roundTrip("date", [day, 19782, new Date(-1)])).toEqual(
    ["2024-02-29", "2024-02-29", "1969-12-31"].map((text) => new Date(text)),
  );
  expect(roundTrip("timestamp", [day, 1_000_000n])).toEqual([day, new Date(1000)]);
  expect(roundTrip("decimal(20, 2)", [12345n, -1n])).toEqual(["123.45", "-0.01"]);
  expect(roundTrip("decimal(20, 2)", ["123.45", "-0.01", "7", "+1.5", "2.100"])).toEqual([
    "123.45",
    "-0.01",
    "7.00",
    "1.50",
    "2.10",
  ]);
  expect(roundTrip("decimal(38, 0)", ["99999999999999999999999999999999999999"])).toEqual([
    "99999999999999999999999999999999999999",
  ]);
  expect(roundTrip("struct<a: int, b: string>", [[1, "x"], { b: "y" }, null])).toEqual([
    { a: 1, b: "x" },
    { a: null, b: "y" },
    null,
  ]);
  expect(roundTrip("map<string, int>", [new Map([["k", 1]])])).toEqual([new Map([["k", 1]])]);
  expect(roundTrip("struct<a: int not null>", [{ a: 1 }, null])).toEqual([{ a: 1 }, null]);
});

test("a value that does not fit is refused with column, row and value", () => {
  const refused = (ddl: string, value: unknown, message: RegExp) => {
    const field = parseSchema(`c ${ddl}`).fields[0] as Field;
    expect(() => encodeColumn(field, [null, value].slice(field.nullable ? 0 : 1)), ddl).toThrow(
      expect.objectContaining({ code: "E_SPARK_SCHEMA", message: expect.stringMatching(message) }),
    );
  };
  refused("int", 2 ** 31, /whole number of 32 bits in column "c" \(Int32\), found number 2147483648 in row 1/);
  refused("int", 1n, /found bigint 1/);
  refused("tinyint", 128, /8 bits/);
  refused("long", 2 ** 53, /bigint/);
  refused("long", 2n ** 63n, /bigint/);
  refused("long", "1", /found string "1"/);
  refused("boolean", 1, /true or false/);
  refused("double", "1", /a number/);
  refused("string", 1, /a string/);
  refused("binary", "a", /Uint8Array/);
  refused("binary", [1], /Uint8Array/);
  refused("date", new Date(Number.NaN), /a Date/);
  refused("decimal(4, 2)", 10000n, /4 digits/);
  refused("decimal(4, 2)", "100.00", /4 digits in column "c"/);
  refused("decimal(4, 2)", "1.005", /found string "1.005"/);
  refused("decimal(4, 2)", "1e3", /found string "1e3"/);
  refused("decimal(4, 2)", 1.5, /found number 1.5/);
  refused("array<int>", [1, "2"], /column "c\[\]".*string "2"/);
  refused("struct<a: array<long>>", { a: [1, null, {}] }, /column "c.a\[\]"/);
  refused("map<string, int>", new Map([[1, 1]]), /column "c\{\}.key"/);
  refused("string not null", null, /no null/);
});
