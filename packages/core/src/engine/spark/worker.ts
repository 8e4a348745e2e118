/**
 * What Spark's tasks run. The bundle that is shipped to the executors has this file and the modules of the stages in it, so it imports
 * nothing of the driver's side.
 *
 *   partition ──▶ rows, or groups ──▶ steps of the stages (task-host) ──▶ rows, and notes: finished, log, report, error
 *                                     └ status objects: row begun, done, failed
 *
 * A stage's error comes back as a note: thrown, it would make Spark try the task again.
 */
import { readFile } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { CoGroupFunction, MapFunction, TaskContext as SparkTaskContext } from "@axonloom/spark-connect";
import { toPlainError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { setIsolatedHost } from "../../segment/isolation.ts";
import { loadBroadcast } from "../local/broadcast.ts";
import { consoleTo } from "../local/console.ts";
import { plainBytes } from "../local/spill.ts";
import { machineMemory } from "../machine.ts";
import { type HostedStep, type ModuleLoader, runSteps } from "../task-host.ts";
import type { TaskContext } from "../types.ts";
import { beginRow, endRow, failRow, type RowBegun, rowId } from "./status.ts";
import type { Note, ProbeParameters, ProbeRow, TaskParameters } from "./task.ts";
import { byKey, decodeKey, encodeIndex, encodeKey, noteRow, Pieces, seqOfKey, valueRows, type WireRow } from "./wire.ts";

type Batches = Parameters<MapFunction>[0];

type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Steps on the rows, or groups, of a partition. @param modules the modules of the stages, by the names that the driver has for them. */
export function taskFunction(modules: Modules): MapFunction<TaskParameters> {
  return (batches, parameters, spark) => runOn(inputs(batches, parameters.input), modules, parameters, spark);
}

/** Steps on the groups of two inputs that lie in the same partition: a group of Spark has one key of ours, or a few. */
export function cogroupFunction(modules: Modules): CoGroupFunction<TaskParameters> {
  return (_place, left, right, parameters, spark) => runOn(cogroups(left, right), modules, parameters, spark);
}

async function* runOn(
  inputs: AsyncIterable<Input>,
  modules: Modules,
  parameters: TaskParameters,
  spark: SparkTaskContext,
): AsyncGenerator<WireRow> {
  const load: ModuleLoader = async (name) => modules[name] ?? ((await import(name)) as Record<string, unknown>);
  setIsolatedHost(join(spark.filesFolder, parameters.isolatedHost));
  const { label, status, plan } = parameters;
  const steps = deserialize(Buffer.from(parameters.steps, "base64")) as HostedStep[];
  let failed = false;
  for await (const { seq, keyBytes, value } of inputs) {
    if (failed) continue; // the driver ends the job; what is left of the input is read and dropped
    const key = decodeKey(keyBytes);
    const notes: Note[] = [];
    const rows: WireRow[] = [];
    const row = rowId(seq);
    const begun = await beginRow(status, row, key, spark);
    try {
      const made = await runSteps({ key, value }, steps, (of) => contextOf(of, parameters, spark, begun, notes), load);
      if (!parameters.discard) {
        made.forEach(({ key, value }, i) => {
          const bytes = plainBytes(value, label, key);
          rows.push(...valueRows(Buffer.concat([seq, encodeIndex(i)]), encodeKey(key), bytes));
        });
      }
      await endRow(status, row, begun);
      notes.push({ type: "task-finished", plan, row, begun });
    } catch (error) {
      failed = true;
      rows.length = 0;
      const plain = toPlainError(error);
      await failRow(status, row, begun, plain);
      notes.push({ type: "error", label, error: plain });
    }
    yield* rows;
    for (const note of notes) yield noteRow(seq, keyBytes, serialize(note));
  }
}

interface Input {
  readonly seq: Uint8Array;
  readonly keyBytes: Uint8Array;
  readonly value: unknown;
}

async function* inputs(batches: Batches, kind: TaskParameters["input"]): AsyncGenerator<Input> {
  if (kind === "row") {
    for await (const { seq, key, value } of values(batches)) yield { seq, keyBytes: key, value: deserialize(value) };
    return;
  }
  const close = (key: Uint8Array, sides: readonly [unknown[], unknown[]]): Input => {
    const value = kind === "group" ? sides[0] : { left: sides[0], right: sides[1] };
    return { seq: seqOfKey(decodeKey(key)), keyBytes: key, value };
  };
  let current: { readonly key: Uint8Array; readonly sides: [unknown[], unknown[]] } | null = null;
  for await (const { key, side, value } of values(batches)) {
    if (current !== null && Buffer.compare(current.key, key) !== 0) {
      yield close(current.key, current.sides);
      current = null;
    }
    current ??= { key, sides: [[], []] };
    current.sides[side]!.push(deserialize(value));
  }
  if (current !== null) yield close(current.key, current.sides);
}

/** Keys in order; in a group the rows of a side are in order already. */
async function* cogroups(left: Batches, right: Batches): AsyncGenerator<Input> {
  const groups = new Map<string, { readonly key: Uint8Array; readonly left: unknown[]; readonly right: unknown[] }>();
  for (const [side, batches] of [["left", left] as const, ["right", right] as const]) {
    for await (const { key, value } of values(batches)) {
      const text = decodeKey(key);
      if (!groups.has(text)) groups.set(text, { key, left: [], right: [] });
      groups.get(text)![side].push(deserialize(value));
    }
  }
  for (const key of [...groups.keys()].sort(byKey)) {
    const { key: keyBytes, left, right } = groups.get(key)!;
    groups.delete(key);
    yield { seq: seqOfKey(key), keyBytes, value: { left, right } };
  }
}

/** Whole values: those without a note, their pieces together. */
async function* values(batches: Batches) {
  const pieces = new Pieces();
  for await (const batch of batches) {
    const column = (name: string) => batch.getChild(name);
    const [seq, key, side, part, parts, value, note] = ["seq", "key", "side", "part", "parts", "value", "note"].map(column);
    for (let i = 0; i < batch.numRows; i++) {
      if (note?.isValid(i)) continue;
      const whole = pieces.add(value!.get(i) as Uint8Array, part!.get(i) as number, parts!.get(i) as number);
      if (whole === null) continue;
      yield {
        seq: (seq!.get(i) as Uint8Array).slice(),
        key: (key!.get(i) as Uint8Array).slice(),
        side: (side?.get(i) ?? 0) as number,
        value: whole,
      };
    }
  }
}

function contextOf(
  key: string,
  { label, maxAttempts }: TaskParameters,
  spark: SparkTaskContext,
  { attempt, failures }: RowBegun,
  notes: Note[],
): TaskContext {
  const logAt = (level: string) => (message: string) => void notes.push({ type: "log", label, detail: { level, message } });
  const logger: Logger = { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
  consoleTo(logger);
  return {
    key,
    attempt,
    maxAttempts,
    previousFailure: failures.at(-1) ?? null,
    logger,
    signal: spark.signal,
    report: (event) => void notes.push({ type: "report", label, detail: event }),
    broadcast: loadBroadcast,
  };
}

/** What this executor is, and whether it sees the run folder. */
export const probe: MapFunction<ProbeParameters> = async function* (batches, { file }) {
  for await (const _ of batches) {
    // its rows only make the task
  }
  const found = await readFile(file, "utf8").catch((error: Error) => error.message);
  const { pid, ppid, arch, versions } = process;
  const [cores, memory] = [availableParallelism(), BigInt(machineMemory())];
  yield { host: hostname(), executor: ppid, worker: pid, node: versions.node, arch, cores, memory, found } satisfies ProbeRow;
};
