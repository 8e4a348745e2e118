/**
 * Blocks that a network sees, along each axis:
 *
 *        ┌────────── block ──────────┐
 *        │ margin │   kept   │ margin │      margin = what the network cuts off + halo; kept parts of neighbours share `overlap` voxels
 *                    └ next kept …
 *
 * In the shared voxels the two predictions are mixed with weights that rise and fall linearly and sum to one, so no seam shows. Beyond the
 * faces of the sample, voxels are mirrored without repeating the face.
 */
import type { SizeRule } from "./types.ts";

export interface AxisTiles {
  /** Voxels of a block, margins included. */
  readonly block: number;
  readonly margin: number;
  readonly kept: number;
  readonly overlap: number;
  /** Where kept parts begin. */
  readonly starts: readonly number[];
}

/** @param wanted voxels of a block; rounded up to what the network takes. Throws a RangeError when the margins leave nothing. */
export function tileAxis(length: number, rule: SizeRule, margin: number, wanted: number | null, overlap: number): AxisTiles {
  const { min, step } = rule;
  // As the reference runner does: ten steps above the smallest. A block larger than the sample needs be is waste.
  const aim = Math.min(wanted ?? min + 10 * step, Math.max(min, length + 2 * margin));
  const block = step === 0 ? min : min + step * Math.max(0, Math.ceil((aim - min) / step));
  const kept = block - 2 * margin;
  if (kept < 1 || (kept < 2 * overlap && kept < length)) {
    throw new RangeError(
      `blocks of ${block} voxels with ${margin} cut off on both sides keep ${kept}, which must be twice the overlap of ${overlap}`,
    );
  }
  const starts: number[] = [];
  for (let at = 0; ; at += kept - overlap) {
    starts.push(at);
    if (at + kept >= length) break;
  }
  return { block, margin, kept, overlap, starts };
}

/** Place in the sample of a voxel that may lie outside: mirrored, again and again. */
export function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const wrapped = ((at % period) + period) % period;
  return wrapped < length ? wrapped : period - wrapped;
}

/** Weights of the kept voxels of the k-th block. */
export function weightsOf({ kept, overlap, starts }: AxisTiles, k: number): Float32Array {
  const weights = new Float32Array(kept).fill(1);
  for (let i = 0; i < overlap; i++) {
    const rising = (i + 0.5) / overlap;
    if (k > 0) weights[i] = rising;
    if (k < starts.length - 1) weights[kept - overlap + i] = 1 - rising;
  }
  return weights;
}
