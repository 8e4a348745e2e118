/** Runs the stages of one task, whatever the engine: loads them by module and export, row by row, step by step. */
import { AxonloomError } from "../errors.ts";
import type { Keyed, Stage, TaskContext } from "./types.ts";

export interface HostedStep {
  readonly kind: "map" | "flatMap";
  readonly module: string;
  readonly export: string;
  readonly params: unknown;
}

export async function runSteps(
  first: Keyed<unknown>,
  steps: readonly HostedStep[],
  contextOf: (key: string) => TaskContext,
): Promise<Keyed<unknown>[]> {
  let rows: Keyed<unknown>[] = [first];
  for (const step of steps) {
    const stage = await loadStage(step);
    const next: Keyed<unknown>[] = [];
    for (const { key, value } of rows) {
      const result = await stage(value, step.params, contextOf(key));
      if (step.kind === "map") next.push({ key, value: result });
      else next.push(...(result as Keyed<unknown>[]));
    }
    rows = next;
  }
  return rows;
}

async function loadStage(step: HostedStep): Promise<Stage<unknown, unknown, unknown>> {
  const module = (await import(step.module)) as Record<string, unknown>;
  const stage = module[step.export];
  if (typeof stage !== "function") {
    throw new AxonloomError(
      "E_TASK_DATA",
      `expected a function "${step.export}" in ${step.module}, which exports ${Object.keys(module).join(", ")}; name one of these in the StageRef`,
    );
  }
  return stage as Stage<unknown, unknown, unknown>;
}
