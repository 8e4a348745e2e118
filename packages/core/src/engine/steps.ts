/** What the datasets of all engines are made of: parts, one after another, each with the steps to run on its rows. */
import type { HostedStep } from "./task-host.ts";
import type { MapOptions } from "./types.ts";

export interface DatasetPart {
  readonly steps: readonly HostedStep[];
  /** The last step's name, for progress and messages. */
  readonly label: string;
}

/** The parts with one step more. */
export function withStep<P extends DatasetPart>(
  parts: readonly P[],
  kind: HostedStep["kind"],
  stage: { readonly module: string; readonly export: string },
  params: unknown,
  { label }: MapOptions,
): P[] {
  const step: HostedStep = { kind, module: stage.module, export: stage.export, params };
  return parts.map((part) => ({ ...part, steps: [...part.steps, step], label: label ?? part.label }));
}
