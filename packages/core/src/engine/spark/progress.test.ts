/** Status objects of tasks become events: each once, whatever the order in which objects and rows are seen, and the folder stays small. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EngineEvent } from "../types.ts";
import { PlanProgress } from "./progress.ts";
import { beginRow, endRow, failRow, readStatus, rowId } from "./status.ts";

let folder: string;
let events: string[];
let failures: unknown[];
let progress: PlanProgress;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-progress-"));
  events = [];
  failures = [];
  progress = new PlanProgress(folder, "segment", {
    say: ({ type, label, key, detail }: EngineEvent) => events.push([type, label, key, detail?.["attempt"]].join(" ").trim()),
    fail: (error) => failures.push(error),
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ROW = rowId(new Uint8Array([1]));
const spark = (attempt: number, taskAttemptId: number) => ({
  ...{ stageId: 4, partition: 2, attempt, taskAttemptId, cpus: 1, resources: {}, localProperties: {}, filesFolder: "" },
  signal: new AbortController().signal,
});

test("started when it starts, finished when it ends, and nothing is left", async () => {
  const begun = await beginRow(folder, ROW, "a b/ü", spark(0, 7));
  await progress.sweep();
  await progress.sweep();
  expect(events).toEqual(["task-started segment a b/ü"]);
  await endRow(folder, ROW, begun);
  await progress.sweep();
  await progress.sweep();
  progress.finish(ROW, begun);
  expect(events).toEqual(["task-started segment a b/ü", "task-finished segment a b/ü"]);
  expect(readdirSync(folder)).toEqual([]);
});

test("a row that comes before its objects are seen", async () => {
  const begun = await beginRow(folder, ROW, "a", spark(0, 7));
  await endRow(folder, ROW, begun);
  progress.finish(ROW, begun);
  await progress.sweep();
  expect(events).toEqual(["task-started segment a", "task-finished segment a"]);
  expect(readdirSync(folder)).toEqual([]);
});

test("later tries are told what is known of the earlier ones, and said once a try", async () => {
  await beginRow(folder, ROW, "a", spark(0, 7));
  await beginRow(folder, rowId(new Uint8Array([2])), "b", spark(0, 8));
  const second = await beginRow(folder, ROW, "a", spark(1, 9));
  expect(second.failures).toEqual([
    expect.stringMatching(/^attempt 1 of Spark's task 2 in stage 4, on \S+ since 20\S+Z, ended without a word/),
  ]);
  await progress.sweep();
  expect(events).toEqual(["task-started segment a", "task-started segment b", "task-retried segment a 1"]);
  const third = await beginRow(folder, ROW, "a", spark(2, 11));
  expect(third.failures).toHaveLength(2);
  expect(third.failures[1]).toMatch(/^attempt 2 .* since /);
  await endRow(folder, ROW, third);
  progress.finish(ROW, third);
  await progress.sweep();
  expect(events.slice(3)).toEqual(["task-retried segment a 2", "task-finished segment a"]);
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/-8\.running$/)]);
  const unknown = await beginRow(folder, rowId(new Uint8Array([3])), "c", spark(1, 12));
  expect(unknown.failures).toEqual(["attempt 1 of Spark's task 2 in stage 4 ended without a word; the executor's log says why"]);
});

test("a row of a stage that runs again is not said twice", async () => {
  const begun = await beginRow(folder, ROW, "a", spark(0, 7));
  await endRow(folder, ROW, begun);
  await progress.sweep();
  const again = await beginRow(folder, ROW, "a", spark(0, 20));
  await progress.sweep();
  await endRow(folder, ROW, again);
  await progress.sweep();
  expect(events).toEqual(["task-started segment a", "task-finished segment a"]);
  expect(readdirSync(folder)).toEqual([]);
});

test("a failed row brings its error at once", async () => {
  const begun = await beginRow(folder, ROW, "a", spark(0, 7));
  const fields = { box: [1, 2] };
  await failRow(folder, ROW, begun, { code: "E_SOURCE_READ", message: "no such file", fields, stack: null });
  await progress.sweep();
  expect(failures).toMatchObject([{ code: "E_SOURCE_READ", message: "no such file", fields }]);
  expect(events).toEqual(["task-started segment a"]);
  const other = rowId(new Uint8Array([2]));
  await failRow(folder, other, begun, { code: null, message: "", fields: { id: 1n }, stack: null });
  await progress.sweep();
  expect(failures).toHaveLength(1); // comes with the row
});

test("half-written and foreign names do no harm, and no folder does not either", async () => {
  writeFileSync(join(folder, `${ROW}-7.running`), '{"key": "a"');
  writeFileSync(join(folder, ".nfs0001"), "");
  await progress.sweep();
  expect(events).toEqual([]);
  expect(await readStatus(folder, "missing")).toBeUndefined();
  rmSync(folder, { recursive: true });
  const begun = await beginRow(folder, ROW, "a", spark(0, 7));
  await endRow(folder, ROW, begun);
  await failRow(folder, ROW, begun, { code: null, message: "", fields: {}, stack: null });
  await progress.sweep();
  progress.finish(ROW, begun);
  expect(events).toEqual(["task-started segment a", "task-finished segment a"]);
});

test("after its end nothing is said", async () => {
  const begun = await beginRow(folder, ROW, "a", spark(0, 7));
  await progress.end();
  progress.finish(ROW, begun);
  expect(events).toEqual([]);
});

test("any order of begins, ends, looks and rows: one start and one end a row", async () => {
  const step = fc.record({ row: fc.nat(4), act: fc.constantFrom("begin", "end", "sweep", "finish") });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      const seen: string[] = [];
      const progress = new PlanProgress(folder, "", { say: ({ type, key }) => seen.push(`${type} ${key}`), fail() {} });
      const begun = new Map<number, Awaited<ReturnType<typeof beginRow>>>();
      const ended = new Set<number>();
      const id = (row: number) => rowId(new Uint8Array([row]));
      for (const [i, { row, act }] of steps.entries()) {
        const of = begun.get(row);
        if (act === "sweep") await progress.sweep();
        else if (act === "begin" && (of === undefined || ended.has(row)))
          begun.set(row, await beginRow(folder, id(row), `${row}`, spark(0, i)));
        else if (act === "end" && of !== undefined) {
          await endRow(folder, id(row), of);
          ended.add(row);
        } else if (act === "finish" && of !== undefined && ended.has(row)) progress.finish(id(row), of);
      }
      await progress.sweep();
      const expected = (type: string, rows: Iterable<number>) => [...rows].map((row) => `task-${type} ${row}`).sort();
      expect(seen.filter((text) => text.startsWith("task-started")).sort()).toEqual(expected("started", begun.keys()));
      expect(seen.filter((text) => text.startsWith("task-finished")).sort()).toEqual(expected("finished", ended));
    }),
    { numRuns: 60 },
  );
});
