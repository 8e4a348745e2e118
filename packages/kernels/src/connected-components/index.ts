/**
 * Connected components of label volumes.
 *
 *     const { labels, count } = connectedComponents(mask, [64, 64, 64], { connectivity: 26 });
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { components } from "./components.ts";
import type { Connectivity } from "./connectivity.ts";

export type { Connectivity } from "./connectivity.ts";

/**
 * Numbers the connected pieces of equal non-zero labels 1…count in scan order (z, y, x) of their first voxels; 0 stays 0.
 * `connectivity` is 6 unless given. `out` receives the result and may be `labels`. Wrong lengths or options: E_KERNEL_ARGUMENT.
 */
export function connectedComponents(
  labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array,
  shape: Shape3,
  options: { connectivity?: Connectivity; out?: Uint32Array } = {},
): { labels: Uint32Array; count: number } {
  const { connectivity = 6 } = options;
  checkLength("connectedComponents labels", labels.length, shape);
  if (connectivity !== 6 && connectivity !== 18 && connectivity !== 26) {
    throw new KernelError("E_KERNEL_ARGUMENT", `connectedComponents connectivity: expected 6, 18 or 26, found ${connectivity}`);
  }
  if (options.out !== undefined) checkLength("connectedComponents out", options.out.length, shape);
  const out = options.out ?? new Uint32Array(labels.length);
  return { labels: out, count: labels.length === 0 ? 0 : components(labels, shape, connectivity, out) };
}
