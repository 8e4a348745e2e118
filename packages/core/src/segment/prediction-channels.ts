/** Whether the steps fit each other, as far as it can be told before a run: channels that are predicted and channels that are expected. */
import { BUILT_INS } from "./builtins.ts";
import { parseParameters } from "./parameters.ts";
import { keyOf, shortName } from "./plugins.ts";
import { pythonReference } from "./python/reference.ts";
import type { SegmentorConfig } from "./types.ts";
import { parseUserReference } from "./user-module.ts";

const AGGLOMERATE = "agglomerate-supervoxels";

/**
 * Throws `E_CONFIG_INVALID` where the agglomeration expects other channels than are predicted, and what reading its files throws.
 * `predicted`: channels where that is known better than by the name of the step's function.
 */
export async function checkPredictionChannels(
  { class: name, configuration }: SegmentorConfig,
  predicted: number | null = null,
): Promise<void> {
  if (parseUserReference(name) !== null || shortName(name) === "DefaultGrayOnly") return;
  const predict = configuration["predict-voxels"];
  const agglomerate = configuration[AGGLOMERATE];
  if (pythonReference(agglomerate) !== null) return;
  const builtIn = BUILT_INS.get(shortName(agglomerate.function));
  const fixed = pythonReference(predict) === null ? BUILT_INS.get(shortName(predict.function))?.channels : undefined;
  const channels = predicted ?? fixed;
  if (builtIn?.checkChannels === undefined || channels === undefined) return;
  const key = keyOf(AGGLOMERATE, "parameters");
  const parameters = parseParameters(builtIn, agglomerate.parameters, builtIn.name, key);
  await builtIn.checkChannels(parameters, channels, key);
}
