/** The recorded bytes of Spark 4.1.4, JVM to worker: read to the last byte. */
import { Readable } from "node:stream";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSparkConnectError } from "../errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { decodeBatch } from "./compute/decode.ts";
import { goldenNames, goldensAvailable, goldenTask } from "./fake-jvm.suite.ts";
import { type InputItem, readInput } from "./input.ts";
import { readTaskHeader, type TaskHeader } from "./task-header.ts";

const text = new TextDecoder();

async function read(bytes: Uint8Array, chunk = bytes.length) {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(Buffer.from(bytes.subarray(at, at + chunk)));
  const reader = new ByteReader(Readable.from(chunks, { objectMode: false }));
  const index = await reader.int32("partition index");
  const header = await readTaskHeader(reader, index);
  const items: InputItem[] = [];
  for await (const item of readInput(reader, header.evalType)) {
    items.push(item);
    if (item.kind === "batch") decodeBatch(item.bytes.slice(0));
  }
  return { index, header, items, position: reader.position };
}

/** Numbers of rows by batch, `[` and `]` around groups and streams. */
function shape(items: readonly InputItem[]): string {
  return items
    .map((item) => {
      if (item.kind !== "batch") return { group: "g", end: ".", done: "!" }[item.kind];
      return tableFromIPC(new Uint8Array(item.bytes)).numRows;
    })
    .join("");
}

test.skipIf(!goldensAvailable)("every recorded task is read to its last byte, in pieces of any size", async () => {
  const names = goldenNames();
  expect(names.length).toBe(15);
  for (const name of names) {
    const bytes = goldenTask(name);
    for (const chunk of [bytes.length, 1, 7, 4096]) {
      const { position, header, items } = await read(bytes, chunk);
      expect(position, name).toBe(bytes.length);
      expect(items.at(-1)).toEqual({ kind: "done" });
      expect(header.filesFolder).toMatch(/^\/var\/spark-local\/srv\/local\/spark-.*\/userFiles/);
      expect(header.runnerConf["spark.sql.session.timeZone"]).toBe("Etc/UTC");
      expect(header.localProperties["spark.app.name"]).toBe("org.apache.spark.sql.connect.service.SparkConnectServer");
    }
  }
});

test.skipIf(!goldensAvailable)("the values are those of the recording", async () => {
  const expected: Record<string, [Partial<TaskHeader>, command: string, shape: string]> = {
    "simple-207-barrier": [{ stageId: 8, taskAttemptId: 12 }, '{"fn":"identity","tee":"207-barrier"}', "2.!"],
    "simple-207-empty-partition-p0": [{ stageId: 4, partition: 0 }, '{"fn":"nop","tee":"207-empty-partition"}', ".!"],
    "simple-207-empty-partition-p1": [{ partition: 1, taskAttemptId: 6 }, '{"fn":"nop","tee":"207-empty-partition"}', "1.!"],
    "simple-209-groups": [
      { stageId: 10, taskAttemptId: 14, argumentOffsets: [4, 1, 0, 0, 1] },
      '{"fn":"g","tee":"209-groups"}',
      "g21.g2.!",
    ],
    "simple-210-cogroups": [
      { evalType: 210, argumentOffsets: [4, 1, 0, 0, 1, 4, 1, 0, 0, 1] },
      '{"fn":"co","tee":"210-cogroups"}',
      "g21.1.g2.0.g0.1.g0.1.!",
    ],
    "daemon-207-identity": [{ stageId: 2, taskAttemptId: 3, cpus: 1, attempt: 0 }, '{"fn":"identity","tee":"207-identity"}', "2.!"],
    "daemon-207-reuse-p1": [{ partition: 1, taskAttemptId: 17 }, '{"fn":"identity","tee":"207-reuse"}', "1.!"],
  };
  for (const [name, [fields, command, items]] of Object.entries(expected)) {
    const found = await read(goldenTask(name));
    expect(found.header, name).toMatchObject(fields);
    expect(text.decode(found.header.command), name).toBe(command);
    expect(shape(found.items), name).toBe(items);
  }
});

test.skipIf(!goldensAvailable)("damaged or cut bytes end in a typed error, never in anything else", async () => {
  const goldens = goldenNames().map(goldenTask);
  const damage = fc.record({
    golden: fc.nat(goldens.length - 1),
    edits: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.nat(255) }), { maxLength: 6 }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: 1 }),
    tail: fc.boolean(),
  });
  const check = fc.asyncProperty(damage, async ({ golden, edits, cut, tail }) => {
    const bytes = Buffer.from(goldens[golden]!);
    // half of the damage falls into the last quarter, where the Arrow messages are
    for (const { at, value } of edits) bytes[Math.floor((tail ? 0.75 + 0.25 * at : at) * (bytes.length - 1))] = value;
    const damaged = bytes.subarray(0, Math.ceil(cut * bytes.length));
    if (damaged.length === 0) return;
    try {
      await read(damaged);
    } catch (error) {
      expect(isSparkConnectError(error), String(error)).toBe(true);
    }
  });
  await fc.assert(check, { numRuns: 400 });
});

test("the vectors of the protocol description", async () => {
  const spark41 =
    "0000000000000004332e3131000000000100000000000000000000000000000007000000010000000000000001000000016100000001620000000164000000000000000000000000cf00000001000000016b00000001760000000001000000010000000000000001000000026f6b";
  const ours = Buffer.from(spark41, "hex").toString("latin1").replace("\x00\x00\x00\x043.11", "\x00\x00\x00\x11node-20/spark-4.1");
  const reader = new ByteReader(Readable.from([Buffer.from(ours, "latin1")], { objectMode: false }));
  expect(await readTaskHeader(reader, await reader.int32("index"))).toEqual({
    stageId: 1,
    partition: 0,
    attempt: 0,
    taskAttemptId: 7,
    cpus: 1,
    resources: {},
    localProperties: { a: "b" },
    filesFolder: "d",
    evalType: 207,
    runnerConf: { k: "v" },
    argumentOffsets: [0],
    command: new TextEncoder().encode("ok"),
  });
  await expect(read(Buffer.from(spark41, "hex"))).rejects.toMatchObject({ code: "E_SPARK_VERSION" });
});
