/** Restitch: only what follows from the evidence of a run, with another policy. */
import type { CallOptions } from "../call-options.ts";
import { parseConfig } from "../config/index.ts";
import { AxonloomError } from "../errors.ts";
import { getJson, openKeyValue } from "../keyvalue/index.ts";
import type { StitchAlgorithm } from "../stitch/types.ts";
import { type CreateSegmentationOptions, type CreateSegmentationResult, createSegmentation } from "./create-segmentation/index.ts";

export interface RestitchChanges {
  readonly algorithm?: StitchAlgorithm;
  readonly minimumOverlap?: number;
  readonly liberalOverlap?: number;
  readonly overlapRatio?: number;
  readonly eligibilityPlane?: boolean;
  /** Write there, and leave the run's own result as it is; absent: replace that. */
  readonly output?: string;
}

type Written = Record<string, unknown>;

/**
 * Stitches the segmented subvolumes of a run again. Subvolumes and evidence that are no longer valid are computed first. `E_RUN_FOLDER`
 * when the folder holds no run, or one without checkpoints.
 */
export async function restitch(
  runFolder: string,
  changes: RestitchChanges,
  options: Omit<CreateSegmentationOptions, "fresh"> = {},
): Promise<CreateSegmentationResult> {
  const resolved = await readRunConfig(runFolder, options);
  const settings = resolved["options"] as Written;
  if (settings["checkpoint"] === "none") {
    throw new AxonloomError(
      "E_RUN_FOLDER",
      `${runFolder}: expected a run with checkpoints, found checkpoint: none; run it again without that`,
      {
        runFolder,
      },
    );
  }
  const parameters = {
    ...(settings["stitch-parameters"] as Written),
    ...(changes.minimumOverlap !== undefined && { "minimum-overlap": changes.minimumOverlap }),
    ...(changes.liberalOverlap !== undefined && { "liberal-overlap": changes.liberalOverlap }),
    ...(changes.overlapRatio !== undefined && { "overlap-ratio": changes.overlapRatio }),
    ...(changes.eligibilityPlane !== undefined && { "eligibility-plane": changes.eligibilityPlane }),
  };
  const changed = {
    ...resolved,
    ...(changes.output !== undefined && { output: { ...(resolved["output"] as Written), destination: changes.output } }),
    options: {
      ...settings,
      "checkpoint-dir": runFolder,
      "stitch-parameters": parameters,
      ...(changes.algorithm !== undefined && { "stitch-algorithm": changes.algorithm }),
    },
  };
  const config = parseConfig(changed, { baseFolder: process.cwd() });
  return await createSegmentation(config, { ...options, record: changes.output === undefined });
}

/** The resolved configuration of the run in a folder, in the paper's form. `E_RUN_FOLDER` when there is none. */
export async function readRunConfig(runFolder: string, options?: CallOptions): Promise<Readonly<Written>> {
  const resolved = await getJson<Written>(openKeyValue(runFolder), "config.json", options);
  if (resolved !== null) return resolved;
  throw new AxonloomError(
    "E_RUN_FOLDER",
    `${runFolder}: expected the folder of a run, found no config.json in it; check the path`,
    { runFolder },
  );
}
