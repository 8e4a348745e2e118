import type { StepConfig, StepName } from "./types.ts";

/** The function of each step when the configuration names none. */
export const DEFAULT_FUNCTIONS: Readonly<Record<StepName, string>> = {
  "background-mask": "find_large_empty_regions",
  "predict-voxels": "naive_membrane_predictions",
  "create-supervoxels": "seeded_watershed",
  "agglomerate-supervoxels": "noop_agglomeration",
};

/** A step with its defaults. */
export function stepOf(functionName: string, parameters: Readonly<Record<string, unknown>> = {}): StepConfig {
  return { function: functionName, parameters, "use-subprocess": false, "subprocess-timeout": 0, "subprocess-memory": 0 };
}

/** Every step with its default function. */
export function defaultSteps(): Record<StepName, StepConfig> {
  return {
    "background-mask": stepOf(DEFAULT_FUNCTIONS["background-mask"]),
    "predict-voxels": stepOf(DEFAULT_FUNCTIONS["predict-voxels"]),
    "create-supervoxels": stepOf(DEFAULT_FUNCTIONS["create-supervoxels"]),
    "agglomerate-supervoxels": stepOf(DEFAULT_FUNCTIONS["agglomerate-supervoxels"]),
  };
}
