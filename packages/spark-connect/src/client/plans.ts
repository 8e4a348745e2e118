/** Messages of plans, and functions in them: these are shipped before the plan is sent. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "../call-options.ts";
import { EVAL_TYPE, packCommand, WORKER_PROTOCOL } from "../function.ts";
import type { CommonInlineUserDefinedFunctionSchema, RelationSchema } from "../gen/spark/connect/connect_pb.ts";
import type { Bundles } from "./bundles.ts";
import { col } from "./expressions.ts";
import type { SparkFunction } from "./functions.ts";

export type RelationInit = MessageInitShape<typeof RelationSchema>;
export type RelationType = NonNullable<RelationInit["relType"]>;
type FunctionInit = MessageInitShape<typeof CommonInlineUserDefinedFunctionSchema>;

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
