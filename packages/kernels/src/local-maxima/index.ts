/**
 * Regional maxima of a volume.
 *
 *     const seeds = localMaxima(distances, [64, 64, 64], { minimum: 0 });
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { maxima } from "./maxima.ts";

/**
 * 1 at regional maxima (26 neighbours), else 0. A plateau of equal values counts as a whole when no neighbour of it is higher, also at
 * the border; a constant volume is one. Values below `minimum` and NaN never count; voxels where `mask` is 0 neither count nor
 * are compared with. Wrong lengths or minimum: E_KERNEL_ARGUMENT.
 */
export function localMaxima(
  values: Float32Array,
  shape: Shape3,
  options: { minimum?: number; mask?: Uint8Array | null } = {},
): Uint8Array {
  const { minimum = -Infinity, mask = null } = options;
  checkLength("localMaxima values", values.length, shape);
  if (mask !== null) checkLength("localMaxima mask", mask.length, shape);
  if (Number.isNaN(minimum)) throw new KernelError("E_KERNEL_ARGUMENT", "localMaxima minimum: expected a number, found NaN");
  const out = new Uint8Array(values.length);
  if (values.length > 0) maxima(values, shape, minimum, mask, out);
  return out;
}
