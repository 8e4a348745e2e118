/** Building blocks of plans that need the session: local rows and functions are shipped before the plan is sent. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { type RecordBatch, RecordBatchStreamWriter } from "apache-arrow";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import { EVAL_TYPE, packCommand, WORKER_PROTOCOL } from "../function.ts";
import {
  type CommonInlineUserDefinedFunctionSchema,
  LocalRelationSchema,
  type RelationSchema,
} from "../gen/spark/connect/connect_pb.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Bundles } from "./bundles.ts";
import { col } from "./expressions.ts";
import type { SparkFunction } from "./functions.ts";

export type RelationInit = MessageInitShape<typeof RelationSchema>;
export type RelationType = NonNullable<RelationInit["relType"]>;
type FunctionInit = MessageInitShape<typeof CommonInlineUserDefinedFunctionSchema>;

/** Larger local relations are sent as an artifact: plans are kept, compared and logged by the server. */
const INLINE_BYTES = 2 ** 20;
/** Limit of the server for one block. */
const LOCAL_LIMIT_BYTES = 2_000 * 2 ** 20;

/**
 * @param columns names of all input columns: those that no argument names are left out by Spark's optimizer. For cogroups it takes all.
 */
export async function functionOf(
  fn: SparkFunction,
  kind: keyof typeof EVAL_TYPE,
  columns: readonly string[],
  bundles: Bundles,
  options: CallOptions,
): Promise<FunctionInit> {
  const bundle = await bundles.nameOf(fn, options);
  return {
    functionName: fn.name,
    deterministic: fn.deterministic,
    arguments: columns.map((name) => col(name).expression),
    pythonUdf: {
      outputType: { kind: { case: "unparsed", value: { dataTypeString: `struct<${fn.returns}>` } } },
      evalType: EVAL_TYPE[kind],
      command: packCommand({ bundle, export: fn.export, parameters: fn.parameters, output: fn.returns }),
      pythonVer: WORKER_PROTOCOL,
    },
  };
}

/** Rows of the program as a relation. Throws `E_SPARK_ARGUMENT` for types that Spark would misread. */
export async function localRelationOf(
  batches: readonly RecordBatch[],
  artifacts: Artifacts,
  options: CallOptions,
): Promise<RelationType> {
  const data = ipcOf(batches);
  if (data.length > LOCAL_LIMIT_BYTES) {
    throw new SparkConnectError(
      "E_SPARK_ARGUMENT",
      `expected at most ${LOCAL_LIMIT_BYTES} bytes of local rows, found ${data.length}; write them to a file that Spark reads`,
    );
  }
  if (data.length <= INLINE_BYTES) return { case: "localRelation", value: { data } };
  const hash = await artifacts.addBlock(toBinary(LocalRelationSchema, create(LocalRelationSchema, { data })), options);
  return { case: "cachedLocalRelation", value: { hash } };
}

function ipcOf(batches: readonly RecordBatch[]): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}
