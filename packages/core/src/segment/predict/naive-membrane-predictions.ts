/**
 * Membrane probability from the grey value alone: dark is membrane, p = 1 - (g - low) / (high - low), cut to [0, 1].
 *
 * With `range` the same grey value has the same probability everywhere. Without it, low and high are the smallest and largest grey
 * value of the subvolume (inside the volume), as in the original, so that neighbours differ a little. O(n).
 */
import { z } from "zod";
import type { PredictInput, Predictions } from "../types.ts";

export const naiveMembranePredictionsParameters = z.strictObject({
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, "expected [low, high] with low < high")
    .optional()
    .describe("Grey values [low, high] of probability 1 and 0. Without it: smallest and largest of the subvolume."),
});

/** One channel, float32. 0 outside the volume and, without `range`, in a subvolume of one grey value. */
export function naiveMembranePredictions(input: PredictInput<z.infer<typeof naiveMembranePredictionsParameters>>): Predictions {
  const { gray, inside, shape, parameters } = input;
  const [low, high] = parameters.range ?? extremes(gray, inside);
  const table = new Float32Array(256);
  if (low < high) {
    for (let g = 0; g < 256; g++) table[g] = Math.min(1, Math.max(0, 1 - (g - low) / (high - low)));
  }
  const data = new Float32Array(gray.length);
  for (let i = 0; i < data.length; i++) {
    if (inside === null || inside[i] !== 0) data[i] = table[gray[i]!]!;
  }
  return { data, shape: [...shape, 1] };
}

function extremes(gray: Uint8Array, inside: Uint8Array | null): [number, number] {
  let low = 255;
  let high = 0;
  for (let i = 0; i < gray.length; i++) {
    if (inside !== null && inside[i] === 0) continue;
    const g = gray[i]!;
    if (g < low) low = g;
    if (g > high) high = g;
  }
  return [low, high];
}
