/**
 * Background mask: large connected regions of grey value 0 are no tissue.
 *
 * Zero voxels inside the volume are joined to 6-connected components; those of at least `min_background_voxel_count` voxels are left
 * out, small ones stay (a dark speck is no background). Padding outside the volume is no part of a component. O(n).
 */
import { connectedComponents } from "@axonloom/kernels";
import { z } from "zod";
import { componentSizes } from "../component-sizes.ts";
import type { Mask, MaskInput } from "../types.ts";

export const findLargeEmptyRegionsParameters = z.strictObject({
  min_background_voxel_count: z.int().min(0).default(100).describe("Empty regions with fewer voxels than this stay foreground."),
});

/** 0 in large empty regions, 1 elsewhere; null when there is none. */
export function findLargeEmptyRegions(input: MaskInput<z.infer<typeof findLargeEmptyRegionsParameters>>): Mask {
  const { gray, inside, shape, parameters } = input;
  const empty = new Uint8Array(gray.length);
  let any = false;
  for (let i = 0; i < gray.length; i++) {
    if (gray[i] === 0 && (inside === null || inside[i] !== 0)) {
      empty[i] = 1;
      any = true;
    }
  }
  if (!any) return null;
  const { labels, count } = connectedComponents(empty, shape, { connectivity: 6 });
  const sizes = componentSizes(labels, count);
  const mask = empty; // its content is spent
  let left = false;
  for (let i = 0; i < mask.length; i++) {
    const label = labels[i]!;
    const background = label !== 0 && sizes[label]! >= parameters.min_background_voxel_count;
    mask[i] = background ? 0 : 1;
    left ||= background;
  }
  return left ? mask : null;
}
