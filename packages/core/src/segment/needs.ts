/** What only the files that a step's parameters name can tell, such as the channels of a classifier: asked once, when a run is planned. */
import { BUILT_INS } from "./builtins.ts";
import { parseParameters } from "./parameters.ts";
import { keyOf, shortName } from "./plugins.ts";
import { pythonReference } from "./python/reference.ts";
import type { PlanGeometry, SegmentorConfig, StepNeeds } from "./types.ts";
import { parseUserReference } from "./user-module.ts";

/** Of the step predict-voxels; null where its function does not say. Throws what that finds wrong. */
export async function needsOfPredictions(
  { class: name, configuration }: SegmentorConfig,
  geometry: PlanGeometry,
): Promise<StepNeeds | null> {
  if (parseUserReference(name) !== null || shortName(name) === "DefaultGrayOnly") return null;
  const step = configuration["predict-voxels"];
  if (pythonReference(step) !== null) return null;
  const builtIn = BUILT_INS.get(shortName(step.function));
  if (builtIn?.needs === undefined) return null;
  const parameters = parseParameters(builtIn, step.parameters, builtIn.name, keyOf("predict-voxels", "parameters"));
  return await builtIn.needs(parameters, geometry);
}
