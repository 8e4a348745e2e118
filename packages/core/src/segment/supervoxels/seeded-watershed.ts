/**
 * Supervoxels by a watershed from thresholded seeds.
 *
 * 1. Seeds are the 6-connected components of p <= `seed_threshold` inside the mask; those under `seed_size` voxels are dropped.
 * 2. The seeds grow over the levels of p in ascending order, first come first served, until the mask is full (`seededWatershed`).
 * 3. With `min_segment_size`, smaller segments are cleared and the others grow into their place.
 *
 *   p  ▁▁▂▇▂▁▁▁▃█▃▁      masked voxels are never flooded; what no seed can reach stays 0
 *      1 1 1 ┆ 2 2 2 2┆3 3
 *
 * O(n). Reference: F. Meyer, "Color image segmentation", 1992 (flooding with ordered queues).
 */
import { connectedComponents, seededWatershed } from "@axonloom/kernels";
import { z } from "zod";
import { dropSmall } from "../component-sizes.ts";
import { atMost, channelOf, levelsOf } from "../levels.ts";
import type { SupervoxelInput } from "../types.ts";

export const seededWatershedParameters = z.strictObject({
  boundary_channel: z.int().min(0).default(0).describe("Channel of the predictions that holds the membrane probability."),
  seed_threshold: z.number().min(0).max(1).default(0.2).describe("Seeds are where the membrane probability is at most this."),
  seed_size: z.int().min(0).default(5).describe("Seeds with fewer voxels than this are dropped."),
  min_segment_size: z.int().min(0).default(0).describe("Segments with fewer voxels than this are given to their neighbours."),
});

/** Labels, 0 where the mask is 0; all 0, with a warning, when there is no seed. Numbers may have gaps. */
export function seededWatershedSupervoxels(input: SupervoxelInput<z.infer<typeof seededWatershedParameters>>): Uint32Array {
  const { predictions, mask, shape, parameters, logger } = input;
  const { boundary_channel, seed_threshold, seed_size, min_segment_size } = parameters;
  const p = channelOf(predictions, boundary_channel, "seeded_watershed");
  const { labels, count } = connectedComponents(atMost(p, seed_threshold, mask), shape, { connectivity: 6 });
  const seeds = dropSmall(labels, count, seed_size);
  if (seeds === 0) {
    logger.warn(
      `seeded_watershed: subvolume ${input.subvolume} has no seed (no component of at least ${seed_size} voxels with a probability of at most ${seed_threshold}); all of it becomes background`,
    );
    return labels;
  }
  const levels = levelsOf(p).data;
  seededWatershed(levels, labels, shape, { mask });
  if (min_segment_size > 1) {
    const kept = dropSmall(labels, count, min_segment_size);
    if (kept > 0) seededWatershed(levels, labels, shape, { mask });
    else logger.warn(`seeded_watershed: subvolume ${input.subvolume} has no segment of at least ${min_segment_size} voxels`);
  }
  return labels;
}
