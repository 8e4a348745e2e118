/** Runs the stages of one task, whatever the engine: loads them by module and export, row by row, step by step. */
import { AxonloomError } from "../errors.ts";
import { beginTasks } from "../task-process.ts";
import type { Keyed, Stage, TaskContext } from "./types.ts";

export interface HostedStep {
  readonly kind: "map" | "flatMap";
  readonly module: string;
  readonly export: string;
  readonly params: unknown;
}

/** Gives a module by the name that its stages carry. */
export type ModuleLoader = (name: string) => Promise<Readonly<Record<string, unknown>>>;

const importModule: ModuleLoader = async (name) => (await import(name)) as Record<string, unknown>;

/** @param load absent: modules are imported by name. */
export async function runSteps(
  first: Keyed<unknown>,
  steps: readonly HostedStep[],
  contextOf: (key: string) => TaskContext,
  load: ModuleLoader = importModule,
): Promise<Keyed<unknown>[]> {
  beginTasks();
  let rows: Keyed<unknown>[] = [first];
  for (const step of steps) {
    const stage = await loadStage(step, load);
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

async function loadStage(step: HostedStep, load: ModuleLoader): Promise<Stage<unknown, unknown, unknown>> {
  const module = await load(step.module);
  const stage = module[step.export];
  if (typeof stage !== "function") {
    throw new AxonloomError(
      "E_TASK_DATA",
      `expected a function "${step.export}" in ${step.module}, which exports ${Object.keys(module).join(", ")}; name one of these in the StageRef`,
    );
  }
  return stage as Stage<unknown, unknown, unknown>;
}
