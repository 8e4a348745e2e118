/**
 * Coarser levels of label and image volumes.
 *
 * Idea: an output voxel stands for a window of `factors` input voxels, cut at the volume's far edges:
 *
 *      5 voxels, factor 2:   |0 1|2 3|4|   ->  3 voxels, the last one from a single voxel
 *
 * Labels take the most frequent label of the window, images the mean. O(voxels); a label window that holds one label, which most do,
 * costs its compares.
 *
 *     let level = { data: labels, shape };
 *     while (level.shape.some((n) => n > 64)) level = downsampleMode(level.data, level.shape);
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { words } from "../words.ts";
import { mean } from "./mean.ts";
import { mode } from "./mode.ts";

/** Sums of a window of uint32 stay below 2^53. */
const MOST_WINDOW_VOXELS = 2 ** 18;

export interface ModeOptions {
  /** DVID's rule: voxels with 0 do not count, so that 0 stays only where all are 0. Default: 0 counts as any other label. */
  readonly ignoreZero?: boolean;
}

/** Most frequent label of each window, ties go to the smallest label. Shape is ceil(n / factor). */
export function downsampleMode<T extends Uint8Array | Uint16Array | Uint32Array | BigUint64Array>(
  labels: T,
  shape: Shape3,
  factors: Shape3 = [2, 2, 2],
  { ignoreZero = false }: ModeOptions = {},
): { data: T; shape: Shape3 } {
  const coarse = coarseShape("downsampleMode", labels.length, shape, factors);
  const data = emptyLike(labels, coarse[0] * coarse[1] * coarse[2]);
  if (labels instanceof BigUint64Array) mode(words(labels), words(data as BigUint64Array), 2, shape, factors, ignoreZero);
  else mode(labels, data as Uint32Array, 1, shape, factors, ignoreZero);
  return { data, shape: coarse };
}

/**
 * Mean of each window: integers rounded half up, float32 from a float64 sum in scan order. Shape is ceil(n / factor).
 */
export function downsampleMean<T extends Uint8Array | Uint16Array | Float32Array | Uint32Array>(
  values: T,
  shape: Shape3,
  factors: Shape3 = [2, 2, 2],
): { data: T; shape: Shape3 } {
  const coarse = coarseShape("downsampleMean", values.length, shape, factors);
  const data = emptyLike(values, coarse[0] * coarse[1] * coarse[2]);
  mean(values, data, shape, factors);
  return { data, shape: coarse };
}

function coarseShape(name: string, voxels: number, shape: Shape3, factors: Shape3): Shape3 {
  checkLength(name, voxels, shape);
  const window = factors[0] * factors[1] * factors[2];
  if (!factors.every((n) => Number.isInteger(n) && n > 0) || factors.length !== 3 || window > MOST_WINDOW_VOXELS) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `${name} factors: expected three positive integers with a product up to ${MOST_WINDOW_VOXELS}, found [${factors.join(", ")}]`,
    );
  }
  return [Math.ceil(shape[0] / factors[0]), Math.ceil(shape[1] / factors[1]), Math.ceil(shape[2] / factors[2])];
}

function emptyLike<T>(array: T, length: number): T {
  // not array.constructor: that of a Buffer makes Buffers
  for (const type of [Uint8Array, Uint16Array, Uint32Array, BigUint64Array, Float32Array]) {
    if (array instanceof type) return new type(length) as T;
  }
  throw new KernelError(
    "E_KERNEL_ARGUMENT",
    `downsample: expected a typed array of a supported type, found ${Object.prototype.toString.call(array)}`,
  );
}
