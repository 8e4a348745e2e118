/** What plans need of their session. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "../call-options.ts";
import type { CommandSchema, ExecutePlanResponse, PlanSchema } from "../gen/spark/connect/connect_pb.ts";
import type { Bundles } from "./bundles.ts";
import type { Connection } from "./connection.ts";
import type { Progress } from "./results.ts";

export interface ActionOptions extends CallOptions {
  /** Names to interrupt the operation by; no commas. Beside the session's own tags. */
  readonly tags?: readonly string[];
  readonly onProgress?: (progress: Progress) => void;
}

export interface ResultOptions extends ActionOptions {
  /** Keep the result in a temporary file until the server has said that it is whole: no row comes out of a result that fails later. */
  readonly spool?: boolean;
}

export interface PlanHost {
  readonly connection: Connection;
  readonly bundles: Bundles;
  nextPlanId(): bigint;
  execute(plan: MessageInitShape<typeof PlanSchema>, options: ActionOptions): AsyncGenerator<ExecutePlanResponse, void, undefined>;
  command(
    command: NonNullable<MessageInitShape<typeof CommandSchema>["commandType"]>,
    options: ActionOptions,
  ): Promise<ExecutePlanResponse[]>;
}
