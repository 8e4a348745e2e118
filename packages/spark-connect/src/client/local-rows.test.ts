import { createHash } from "node:crypto";
import {
  type DataType,
  DateMillisecond,
  Dictionary,
  Field,
  Float16,
  Int32,
  List,
  makeData,
  RecordBatch,
  RecordBatchReader,
  Schema,
  Struct,
  TimestampMillisecond,
  Uint64,
  Utf8,
} from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "../batch.ts";
import { rowsOf } from "../rows.ts";
import { checkLocalRows, localRelationOf } from "./local-rows.ts";

const DDL =
  "id long, name string, ok boolean, list array<int>, s struct<a: double>, m map<string, int>, b binary, d decimal(20, 2)";
const row = fc.record({
  id: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  name: fc.option(fc.string({ maxLength: 40 })),
  ok: fc.option(fc.boolean()),
  list: fc.option(fc.array(fc.option(fc.integer()), { maxLength: 5 })),
  s: fc.option(fc.record({ a: fc.option(fc.double({ noNaN: true })) })),
  m: fc.option(fc.dictionary(fc.string({ minLength: 1 }), fc.integer(), { maxKeys: 3 }).map((map) => new Map(Object.entries(map)))),
  b: fc.option(fc.uint8Array({ maxLength: 30 })),
  d: fc.option(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n })),
});

/** Keeps the blocks as the server does. */
function artifacts() {
  const blocks = new Map<string, Uint8Array>();
  const addBlock = async (bytes: Uint8Array) => {
    const hash = createHash("sha256").update(bytes).digest("hex");
    blocks.set(hash, bytes);
    return hash;
  };
  return { blocks, addBlock };
}

const rowsIn = (stream: Uint8Array) => [...RecordBatchReader.from(stream)].flatMap((batch) => [...rowsOf(batch as RecordBatch)]);

test("rows in blocks of any size come out in order, each once; small ones travel in the plan", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(row, { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 5000 }),
      async (lists, blockBytes, inlineBytes) => {
        const batches = lists.map((rows) => batchOf(rows, DDL));
        const expected = batches.flatMap((batch) => [...rowsOf(batch)]);
        const total = batches.reduce((sum, batch) => sum + batch.data.byteLength, 0);
        const limits = { inlineBytes, blockBytes, maxBlockBytes: 1e9, maxBytes: 1e9 };
        const server = artifacts();
        const relation = await localRelationOf(batches, server, {}, limits);
        if (relation.case === "localRelation") {
          expect(total).toBeLessThanOrEqual(inlineBytes);
          expect(rowsIn(relation.value.data!)).toEqual(expected);
        } else if (relation.case === "chunkedCachedLocalRelation") {
          expect(total).toBeGreaterThan(inlineBytes);
          const blocks = relation.value.dataHashes!.map((hash) => rowsIn(server.blocks.get(hash)!));
          expect(blocks.flat()).toEqual(expected);
          if (expected.length > 0) expect(blocks.length).toBeLessThanOrEqual(Math.ceil(total / blockBytes) + batches.length * 12);
          expect(blocks.every((rows) => rows.length > 0)).toBe(true);
        } else expect.unreachable();
      },
    ),
    { numRuns: 60 },
  );
});

test("blocks are as large as they may be", async () => {
  const batch = batchOf(
    Array.from({ length: 1000 }, (_, i) => [BigInt(i)]),
    "id long",
  );
  const relation = await localRelationOf(
    [batch, batch],
    artifacts(),
    {},
    { inlineBytes: 0, blockBytes: 800, maxBlockBytes: 1e9, maxBytes: 1e9 },
  );
  expect(relation.case === "chunkedCachedLocalRelation" && relation.value.dataHashes!.length).toBe(20);
});

test("beyond the server's limits", async () => {
  const batch = batchOf([{ b: new Uint8Array(1000) }, { b: new Uint8Array(1000) }], "b binary");
  const limits = { inlineBytes: 0, blockBytes: 100, maxBlockBytes: 1e9, maxBytes: 1e9 };
  const refused = (change: object) => localRelationOf([batch], artifacts(), {}, { ...limits, ...change });
  await expect(refused({ maxBytes: 2000 })).rejects.toMatchObject({
    code: "E_SPARK_ARGUMENT",
    message: expect.stringMatching(/at most 2000 bytes of local rows/),
  });
  await expect(refused({ maxBlockBytes: 900 })).rejects.toMatchObject({ code: "E_SPARK_ARGUMENT" });
});

test("what Spark would misread is refused by name", () => {
  const batchWith = (type: DataType) => {
    const schema = new Schema([new Field("ok", new Int32()), new Field("odd", type)]);
    return new RecordBatch(
      schema,
      makeData({
        type: new Struct(schema.fields),
        length: 0,
        children: schema.fields.map(({ type }) => makeData({ type, length: 0 } as never)),
      }),
    );
  };
  const odd = [
    new Dictionary(new Utf8(), new Int32()),
    new Uint64(),
    new Float16(),
    new DateMillisecond(),
    new TimestampMillisecond(),
    new Struct([new Field("inner", new Uint64())]),
    new List(new Field("element", new Uint64())),
  ];
  for (const type of odd) {
    expect(() => checkLocalRows([batchWith(type)])).toThrow(
      expect.objectContaining({ code: "E_SPARK_ARGUMENT", message: expect.stringMatching(/column "odd/) }),
    );
  }
  expect(() => checkLocalRows([batchWith(new Utf8())])).not.toThrow();
  expect(() => checkLocalRows([])).toThrow(expect.objectContaining({ code: "E_SPARK_ARGUMENT" }));
  expect(() => checkLocalRows([batchWith(new Utf8()), batchWith(new Int32())])).toThrow(/in batch 1/);
});
