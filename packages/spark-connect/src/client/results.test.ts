import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RecordBatchStreamWriter } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOf } from "../batch.ts";
import { type ExecutePlanResponse, ExecutePlanResponseSchema } from "../gen/spark/connect/connect_pb.ts";
import { rowsOf } from "../rows.ts";
import { batchesOf } from "./results.ts";
import { spooled } from "./spool.ts";

function ipc(ids: readonly bigint[]): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.write(
    batchOf(
      ids.map((id) => ({ id })),
      "id long",
    ),
  );
  return writer.finish().toUint8Array(true);
}

/** The messages of a batch, cut into `count` pieces. */
function piecesOf(ids: readonly bigint[], startOffset: number, count: number): ExecutePlanResponse[] {
  const bytes = ipc(ids);
  const size = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, i) =>
    message({
      rowCount: BigInt(ids.length),
      startOffset: BigInt(startOffset),
      data: bytes.subarray(i * size, (i + 1) * size),
      chunkIndex: BigInt(i),
      numChunksInBatch: BigInt(count),
    }),
  );
}

type BatchInit = Extract<
  NonNullable<MessageInitShape<typeof ExecutePlanResponseSchema>["responseType"]>,
  { case: "arrowBatch" }
>["value"];
const message = (value: BatchInit) => create(ExecutePlanResponseSchema, { responseType: { case: "arrowBatch", value } });

async function* given(messages: readonly ExecutePlanResponse[]) {
  yield* messages;
}

async function idsOf(messages: readonly ExecutePlanResponse[], spool = false): Promise<bigint[]> {
  const ids: bigint[] = [];
  const received = batchesOf(given(messages));
  if (spool) for await (const batch of spooled(received)) ids.push(...Array.from(rowsOf(batch), (row) => row["id"] as bigint));
  else for await (const { batch } of received) ids.push(...Array.from(rowsOf(batch), (row) => row["id"] as bigint));
  return ids;
}

test("batches of any size, in any number of pieces, spooled or not, give all rows in order", async () => {
  const batches = fc.array(fc.record({ rows: fc.integer({ min: 0, max: 20 }), pieces: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), async (list, spool) => {
      let at = 0;
      const messages = list.flatMap(({ rows, pieces }) => {
        const ids = Array.from({ length: rows }, (_, i) => BigInt(at + i));
        const result = piecesOf(ids, at, pieces);
        at += rows;
        return result;
      });
      expect(await idsOf(messages, spool)).toEqual(Array.from({ length: at }, (_, i) => BigInt(i)));
    }),
    { numRuns: 60 },
  );
});

test("a missing, double or swapped message is noticed, whatever it is", async () => {
  const whole = [...piecesOf([0n, 1n], 0, 1), ...piecesOf([2n, 3n, 4n], 2, 3), ...piecesOf([5n], 5, 2), ...piecesOf([6n], 6, 1)];
  expect(await idsOf(whole)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n]);
  const broken = whole.flatMap((piece, i) => [
    i < whole.length - 1 ? [...whole.slice(0, i), ...whole.slice(i + 1)] : whole.slice(1, 3), // the last one's absence only the server tells
    [...whole.slice(0, i + 1), piece, ...whole.slice(i + 1)],
    [...whole.slice(0, i), ...whole.slice(i + 1, i + 2), piece, ...whole.slice(i + 2), ...(i === whole.length - 1 ? [piece] : [])],
  ]);
  for (const messages of broken) await expect(idsOf(messages)).rejects.toMatchObject({ code: "E_SPARK_PROTOCOL" });
});

test("damaged Arrow bytes and wrong row counts are noticed", async () => {
  const bytes = ipc([1n, 2n]);
  for (const data of [bytes.subarray(0, 100), new Uint8Array(40).fill(7), new Uint8Array(0)]) {
    await expect(idsOf([message({ rowCount: 2n, data })])).rejects.toMatchObject({ code: "E_SPARK_PROTOCOL" });
  }
  await expect(idsOf([message({ rowCount: 3n, data: bytes })])).rejects.toMatchObject({ code: "E_SPARK_PROTOCOL" });
});
