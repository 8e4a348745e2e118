/**
 * Gaussian smoothing.
 *
 *     gaussianSmooth(distances, [64, 64, 64], { sigma: [1, 2.5, 2.5], out: distances });
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { gaussianTaps, smooth } from "./smooth.ts";

/**
 * Smooths with a sampled Gaussian of `sigma` voxels (z, y, x; 0: not along this axis), cut off at round(`truncate`·sigma), 3 unless
 * given, mirrored border. `out` may be `values`. Float32 operations in a stated order (smooth.ts). Wrong lengths or options:
 * E_KERNEL_ARGUMENT.
 */
export function gaussianSmooth(
  values: Float32Array,
  shape: Shape3,
  options: { sigma: readonly [number, number, number]; truncate?: number; out?: Float32Array },
): Float32Array {
  const { sigma, truncate = 3 } = options;
  checkLength("gaussianSmooth values", values.length, shape);
  if (options.out !== undefined) checkLength("gaussianSmooth out", options.out.length, shape);
  if (sigma.length !== 3 || !sigma.every((s) => s >= 0 && s < Infinity)) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `gaussianSmooth sigma: expected three numbers of at least 0 (z, y, x), found [${sigma.join(", ")}]`,
    );
  }
  if (!(truncate > 0 && truncate < Infinity)) {
    throw new KernelError("E_KERNEL_ARGUMENT", `gaussianSmooth truncate: expected a number above 0, found ${truncate}`);
  }
  const out = options.out ?? new Float32Array(values.length);
  const [z, y, x] = sigma;
  if (values.length > 0)
    smooth(values, shape, [gaussianTaps(z, truncate), gaussianTaps(y, truncate), gaussianTaps(x, truncate)], out);
  return out;
}
