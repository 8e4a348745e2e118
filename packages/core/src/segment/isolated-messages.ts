/** What the process of an isolated step and its parent say to each other. */
import type { PlainError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { StoredArguments, StoredArray } from "./isolated-arrays.ts";
import type { StepConfig, StepName } from "./types.ts";

export interface IsolatedTask {
  readonly stepName: StepName;
  readonly config: StepConfig;
  readonly input: StoredArguments;
  readonly folder: string;
}

/** Messages carry this tag, since a plug-in may use the channel too. */
export const TAG = "axonloom-step";

export type IsolatedMessage =
  | { readonly tag: typeof TAG; readonly type: "log"; readonly level: keyof Logger; readonly text: string }
  | { readonly tag: typeof TAG; readonly type: "done"; readonly result: StoredArray | null }
  | { readonly tag: typeof TAG; readonly type: "failed"; readonly error: PlainError };

export function isIsolatedMessage(message: unknown): message is IsolatedMessage {
  return typeof message === "object" && message !== null && "tag" in message && message.tag === TAG;
}
