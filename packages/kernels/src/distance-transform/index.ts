/**
 * Euclidean distance transform.
 *
 *     const distances = distanceTransform(membrane, [64, 64, 64], { spacing: [40, 16, 16] });
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { transform } from "./transform.ts";

/**
 * Distance of every voxel to the nearest voxel of `sites` that is not 0, in the unit of `spacing` (z, y, x; voxels unless given); 0 at
 * sites, Infinity where there are none. The border of the volume is no site. Equal spacings: exact integers before the root.
 * After Felzenszwalb and Huttenlocher 2012. Wrong lengths or spacings: E_KERNEL_ARGUMENT.
 */
export function distanceTransform(
  sites: Uint8Array,
  shape: Shape3,
  options: { spacing?: readonly [number, number, number]; out?: Float32Array } = {},
): Float32Array {
  const { spacing = [1, 1, 1] } = options;
  checkLength("distanceTransform sites", sites.length, shape);
  if (options.out !== undefined) checkLength("distanceTransform out", options.out.length, shape);
  if (spacing.length !== 3 || !spacing.every((length) => length > 0 && length < Infinity)) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `distanceTransform spacing: expected three lengths above 0 (z, y, x), found [${spacing.join(", ")}]`,
    );
  }
  const out = options.out ?? new Float32Array(sites.length);
  if (sites.length > 0) transform(sites, shape, spacing, out);
  return out;
}
