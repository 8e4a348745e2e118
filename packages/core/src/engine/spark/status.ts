/**
 * What tasks tell of their rows while they run: an object a row and try in a folder that the driver looks into. Its name says what has
 * become of it, so that a listing tells what is new; it is renamed when the row is done.
 *
 *   <row>-<task attempt id>.running ──▶ .done, or .failed with the error      a try whose worker dies stays .running
 *
 * Progress is good manners: what cannot be written never fails a task. Imports nothing of the driver's side: it is shipped.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { TaskContext as SparkTaskContext } from "@axonloom/spark-connect";
import type { PlainError } from "../../errors.ts";

export type RowState = "running" | "done" | "failed";

/** A row that a task has begun. Times are for people. */
export interface RowBegun {
  readonly key: string;
  /** 1 on the first try; all tries of Spark's task. */
  readonly attempt: number;
  readonly stage: number;
  readonly partition: number;
  readonly task: number;
  readonly host: string;
  readonly began: string;
  /** What is known of the tries before, the first one first. */
  readonly failures: readonly string[];
  /** Why the row failed; only in a `.failed` object, and null when the error is no plain JSON. */
  readonly error?: PlainError | null;
}

/** The same for all tries of a row of one plan. */
export function rowId(seq: Uint8Array): string {
  return createHash("sha256").update(seq).digest("hex").slice(0, 24);
}

export function statusName(row: string, task: number, state: RowState): string {
  return `${row}-${task}.${state}`;
}

/** null for a name of something else. */
export function parseStatusName(name: string): { readonly row: string; readonly task: number; readonly state: RowState } | null {
  const match = /^([0-9a-f]{24})-(\d+)\.(running|done|failed)$/.exec(name);
  return match === null ? null : { row: match[1]!, task: Number(match[2]), state: match[3] as RowState };
}

/** undefined while it is being written, and when it has gone. */
export async function readStatus(folder: string, name: string): Promise<RowBegun | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, name), "utf8")) as RowBegun;
  } catch {
    return undefined;
  }
}

/** Says that a row is begun; on a later try first looks for what is known of those before. */
export async function beginRow(folder: string, row: string, key: string, spark: SparkTaskContext): Promise<RowBegun> {
  const { attempt, stageId: stage, partition, taskAttemptId: task } = spark;
  const failures = attempt === 0 ? [] : await failuresOf(folder, row, spark);
  const begun = { key, attempt: attempt + 1, stage, partition, task, host: hostname(), began: new Date().toISOString(), failures };
  await writeFile(join(folder, statusName(row, task, "running")), JSON.stringify(begun)).catch(() => {});
  return begun;
}

export async function endRow(folder: string, row: string, { task }: RowBegun): Promise<void> {
  const [running, done] = [statusName(row, task, "running"), statusName(row, task, "done")];
  await rename(join(folder, running), join(folder, done)).catch(() => {});
}

export async function failRow(folder: string, row: string, begun: RowBegun, error: PlainError): Promise<void> {
  await writeFile(join(folder, statusName(row, begun.task, "failed")), failedText(begun, error)).catch(() => {});
}

function failedText(begun: RowBegun, error: PlainError): string {
  try {
    return JSON.stringify({ ...begun, error });
  } catch {
    return JSON.stringify({ ...begun, error: null }); // the row brings it
  }
}

/** Spark does not tell a task what became of those before: only that they were. */
async function failuresOf(folder: string, row: string, { attempt, stageId, partition }: SparkTaskContext): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const tries: RowBegun[] = [];
  for (const name of names) {
    const parsed = parseStatusName(name);
    const begun = parsed?.row === row ? await readStatus(folder, name) : undefined;
    if (begun?.stage === stageId) tries.push(begun);
  }
  return Array.from({ length: attempt }, (_, i) => {
    const begun = tries.findLast((begun) => begun.attempt === i + 1);
    const place = begun === undefined ? "" : `, on ${begun.host} since ${begun.began},`;
    return `attempt ${i + 1} of Spark's task ${partition} in stage ${stageId}${place} ended without a word; the executor's log says why`;
  });
}
