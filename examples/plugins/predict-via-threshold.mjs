/**
 * A plug-in for voxel prediction: dark voxels are membrane. The example of the paper's appendix.
 *
 * In the configuration, with the path relative to the configuration file:
 *
 *   "predict-voxels": {
 *     "function": "./predict-via-threshold.mjs:predict_via_threshold",
 *     "parameters": { "threshold": 90 }
 *   }
 *
 * A plug-in is an exported function of one argument object. This one uses `gray` (Uint8Array, the grey values of the subvolume with its
 * border, C order), `shape` ([z, y, x]) and its own `parameters`; `packages/core/src/segment/README.md` lists the rest.
 *
 * @typedef {import("@axonloom/core").PredictInput<{ threshold?: number }>} Input
 * @typedef {import("@axonloom/core").Predictions} Predictions
 */

/**
 * Membrane probability `gray < threshold ? 1 : 0`. A Uint8Array means value / 255, so 255 is probability 1.
 *
 * @param {Input} input
 * @returns {Predictions}
 */
export function predict_via_threshold({ gray, shape, parameters }) {
  const { threshold } = parameters;
  if (typeof threshold !== "number") throw new TypeError(`expected a number as parameters.threshold, found ${threshold}`);
  return { data: gray.map((value) => (value < threshold ? 255 : 0)), shape: [...shape, 1] };
}
