import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSchema } from "./schema.ts";

const describe = (ddl: string) =>
  parseSchema(ddl).fields.map((field) => `${field.name}: ${field.type}${field.nullable ? "" : "!"}`);

test("columns become Arrow types", () => {
  expect(describe("id long, blob binary, name STRING NOT NULL, ok boolean, n int, x double, d date")).toEqual([
    "id: Int64",
    "blob: Binary",
    "name: Utf8!",
    "ok: Bool",
    "n: Int32",
    "x: Float64",
    "d: Date32<DAY>",
  ]);
  expect(describe("at timestamp, local timestamp_ntz, price decimal(10, 2)")).toEqual([
    "at: Timestamp<MICROSECOND, UTC>",
    "local: Timestamp<MICROSECOND>",
    "price: Decimal[10e+2]",
  ]);
  expect(describe("a array<array<int>>, s struct<x: double, y: array<float>>, m map<string, long>")).toEqual([
    "a: List<List<Int32>>",
    "s: Struct<{x:Float64, y:List<Float32>}>",
    "m: Map<{key:Utf8, value:Int64}>",
  ]);
  expect(describe("`a ``b`` c` int")).toEqual(["a `b` c: Int32"]);
});

test("malformed texts are refused with what was expected", () => {
  for (const ddl of [
    "",
    "id",
    "id nolong",
    "id long,",
    "id long blob binary",
    "a array<int",
    "a int, a int",
    "a decimal(40, 2)",
    "a int not",
  ]) {
    expect(() => parseSchema(ddl), ddl).toThrow(expect.objectContaining({ code: "E_SPARK_SCHEMA" }));
  }
});

test("types that are not supported are refused by the column's name", () => {
  for (const type of ["interval day", "variant", "char(3)", "time", "array<void>"]) {
    expect(() => parseSchema(`id long, odd ${type}`), type).toThrow(
      expect.objectContaining({
        code: "E_SPARK_SCHEMA",
        message: expect.stringMatching(/a type for column "odd" \(boolean, .*struct<>\)/),
      }),
    );
  }
});

test("any text gives a schema or a coded error", () => {
  const words = fc.constantFrom(
    "id",
    "long",
    "array",
    "<",
    ">",
    ",",
    "struct",
    ":",
    "map",
    "(",
    "2",
    ")",
    "not",
    "null",
    "`",
    "constructor",
    "'",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((list) => list.join(" ")),
      ),
      (ddl) => {
        try {
          expect(parseSchema(ddl).fields.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: "E_SPARK_SCHEMA" });
        }
      },
    ),
  );
});
