/**
 * Seeded watershed.
 *
 *     const { labels } = connectedComponents(seeds, shape);
 *     seededWatershed(membrane, labels, shape);           // every voxel gets the label of a seed
 */
import { checkLength, KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { flood } from "./flood.ts";

const MAX_VOXELS = 2_000_000_000;

/**
 * Floods `levels` from the seeds in `labels` (non-zero; 6 neighbours), lowest levels first, and writes the result into `labels`.
 * Voxels where `mask` is 0 are never flooded, and seeds there are cleared; what no seed reaches stays 0. Takes 4 bytes a voxel.
 * Ordered queues after Meyer 1992; ties as in vigra. Wrong lengths or more than 2·10⁹ voxels: E_KERNEL_ARGUMENT.
 */
export function seededWatershed(
  levels: Uint8Array | Uint16Array,
  labels: Uint32Array,
  shape: Shape3,
  options: { mask?: Uint8Array | null } = {},
): void {
  const mask = options.mask ?? null;
  checkLength("seededWatershed levels", levels.length, shape);
  checkLength("seededWatershed labels", labels.length, shape);
  if (mask !== null) checkLength("seededWatershed mask", mask.length, shape);
  if (labels.length > MAX_VOXELS) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `seededWatershed: expected at most ${MAX_VOXELS} voxels, found ${labels.length}; split the volume`,
    );
  }
  if (labels.length === 0) return;
  const words = new Int32Array(labels.buffer, labels.byteOffset, labels.length);
  const large = lowerLargeLabels(words);
  flood(levels, words, shape, mask);
  if (large !== null) for (let i = 0; i < words.length; i++) words[i] = large[words[i]!]!;
}

/** The flood needs the sign bit: where labels of 2³¹ and more occur, all are numbered anew. Returns the old ones by number. */
function lowerLargeLabels(words: Int32Array): number[] | null {
  let signs = 0;
  for (let i = 0; i < words.length; i++) signs |= words[i]!;
  if (signs >= 0) return null;
  const numbers = new Map([[0, 0]]);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    let number = numbers.get(word);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(word, number);
    }
    words[i] = number;
  }
  return [...numbers.keys()];
}
