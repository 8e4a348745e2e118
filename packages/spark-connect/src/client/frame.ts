/** What grouping and writing need of a data frame: it makes them, so they know it by this only. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "../call-options.ts";
import type { CommandSchema, ExecutePlanResponse } from "../gen/spark/connect/connect_pb.ts";
import type { ActionOptions, PlanHost } from "./plan-host.ts";
import type { RelationInit, RelationType } from "./plans.ts";

/** Makes the message of a plan; ships what the plan needs first. */
export type Build = (options: CallOptions) => Promise<RelationType> | RelationType;
/** Names of columns, or how to find them out. */
export type Columns = readonly string[] | ((options: CallOptions) => Promise<readonly string[]>);
export type CommandType = NonNullable<MessageInitShape<typeof CommandSchema>["commandType"]>;

/** `F`: the class of data frames. */
export interface Frame<F> {
  readonly host: PlanHost;
  relation(options?: CallOptions): Promise<RelationInit>;
  columns(options?: CallOptions): Promise<readonly string[]>;
  derive(build: Build, columns?: Columns | null): F;
  command(command: CommandType, options: ActionOptions): Promise<ExecutePlanResponse[]>;
}
