/**
 * What Spark 4.1 sends in front of the data of a task.
 *
 *   partition │ python_ver │ barrier │ stage, partition, attempt │ task attempt id │ cpus │ resources │ local properties │
 *   files folder │ includes │ broadcasts │ eval type │ runner conf │ profiler │ 1 UDF: argument offsets, 1 function: command
 */
import { SparkConnectError } from "../errors.ts";
import { EVAL_TYPE, WORKER_PROTOCOL } from "../function.ts";
import type { ByteReader } from "./byte-reader.ts";

export type EvalType = (typeof EVAL_TYPE)[keyof typeof EVAL_TYPE];

export interface TaskHeader {
  readonly stageId: number;
  readonly partition: number;
  readonly attempt: number;
  readonly taskAttemptId: number;
  readonly cpus: number;
  readonly resources: Readonly<Record<string, readonly string[]>>;
  readonly localProperties: Readonly<Record<string, string>>;
  readonly filesFolder: string;
  readonly evalType: EvalType;
  readonly runnerConf: Readonly<Record<string, string>>;
  readonly argumentOffsets: readonly number[];
  readonly command: Uint8Array;
}

/** @param index the task's first int32. Throws `E_SPARK_VERSION` for another python_ver, `E_SPARK_PROTOCOL` for malformed bytes. */
export async function readTaskHeader(reader: ByteReader, index: number): Promise<TaskHeader> {
  if (index < 0) throw reader.error("a partition index", String(index));
  const version = await reader.text("python_ver");
  if (version !== WORKER_PROTOCOL) {
    throw new SparkConnectError(
      "E_SPARK_VERSION",
      `expected a plan for the worker protocol "${WORKER_PROTOCOL}", found "${version.slice(0, 100)}": client and worker must be of one version`,
      { expected: WORKER_PROTOCOL, found: version },
    );
  }
  if (await reader.bool("the barrier flag")) {
    await reader.int32("the barrier port");
    await reader.text("the barrier secret");
  }
  const stageId = await reader.int32("the stage id");
  const partition = await reader.int32("the partition id");
  const attempt = await reader.int32("the attempt number");
  const taskAttemptId = Number(await reader.int64("the task attempt id"));
  const cpus = await reader.int32("the number of cpus");
  const resources = await readResources(reader);
  const localProperties = await readPairs(reader, "the local properties");
  const filesFolder = await reader.text("the files folder");
  for (let n = await reader.count("the number of includes"); n > 0; n--) await reader.text("an include");
  await refuseBroadcasts(reader);
  const evalType = await readEvalType(reader);
  const runnerConf = await readPairs(reader, "the runner conf");
  if (await reader.bool("the profiler flag")) {
    throw reader.error("no profiler", "one: unset spark.sql.pyspark.udf.profiler");
  }
  await expectOne(reader, "the number of UDFs");
  const argumentOffsets: number[] = [];
  for (let n = await reader.count("the number of argument offsets"); n > 0; n--) {
    argumentOffsets.push(await reader.count("an argument offset"));
  }
  await expectOne(reader, "the number of chained functions");
  const command = await reader.lengthAndBytes("the command");
  return {
    stageId,
    partition,
    attempt,
    taskAttemptId,
    cpus,
    resources,
    localProperties,
    filesFolder,
    evalType,
    runnerConf,
    argumentOffsets,
    command,
  };
}

async function readPairs(reader: ByteReader, what: string): Promise<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (let n = await reader.count(`the number of ${what}`); n > 0; n--) {
    pairs.push([await reader.text(`a key of ${what}`), await reader.text(`a value of ${what}`)]);
  }
  return Object.fromEntries(pairs);
}

async function readResources(reader: ByteReader): Promise<Record<string, string[]>> {
  const resources: [string, string[]][] = [];
  for (let n = await reader.count("the number of resources"); n > 0; n--) {
    const key = await reader.text("a resource's key");
    await reader.text("a resource's name");
    const addresses: string[] = [];
    for (let m = await reader.count("the number of addresses"); m > 0; m--) addresses.push(await reader.text("an address"));
    resources.push([key, addresses]);
  }
  return Object.fromEntries(resources);
}

/** Spark Connect never sends any. */
async function refuseBroadcasts(reader: ByteReader): Promise<void> {
  const decryption = await reader.bool("the decryption flag");
  const changes = await reader.int32("the number of broadcasts");
  if (decryption || changes !== 0) throw reader.error("no broadcast variables", `${changes}, decryption ${decryption}`);
}

async function readEvalType(reader: ByteReader): Promise<EvalType> {
  const found = await reader.int32("the eval type");
  const known: readonly number[] = Object.values(EVAL_TYPE);
  if (!known.includes(found)) throw reader.error(`an eval type of ${known.join(", ")}`, String(found));
  return found as EvalType;
}

async function expectOne(reader: ByteReader, what: string): Promise<void> {
  const found = await reader.int32(what);
  if (found !== 1) throw reader.error(`1 for ${what}`, String(found));
}
