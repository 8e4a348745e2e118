/** What becomes of a model's channels: picked, summed in groups, normalised. Float32, in the order of the lists, as NumPy computes it. */
import { z } from "zod";
import { AxonloomError } from "../../../errors.ts";

const { fround } = Math;

const index = z.int().min(0);
export const channelParameters = {
  selected_channels: z
    .array(z.union([index, z.array(index).min(1)]))
    .min(1)
    .nullable()
    .default(null)
    .describe("Channels of the result: a channel of the classifier, or a list of such, which are added. null = all."),
  normalize: z
    .boolean()
    .default(true)
    .describe("Divide by the sum of the channels of the result; where it is 0, all are 1 / number of channels."),
};

export type Selection = z.infer<typeof channelParameters.selected_channels>;

/** For each channel of the result the channels of the model. `E_CONFIG_INVALID` for an index that the model does not have. */
export function groupsOf(selection: Selection, outputs: number, key: string): number[][] {
  if (selection === null) return Array.from({ length: outputs }, (_, channel) => [channel]);
  const groups = selection.map((item) => (typeof item === "number" ? [item] : item));
  const wrong = groups.flat().find((channel) => channel >= outputs);
  if (wrong === undefined) return groups;
  throw new AxonloomError(
    "E_CONFIG_INVALID",
    `${key}.selected_channels: expected channels from 0 to ${outputs - 1}, found ${wrong}; the classifier has no more`,
    { key: `${key}.selected_channels`, channel: wrong },
  );
}

/** Makes one voxel of the result, at `to`, from the model's channels. */
export function combine(
  row: Float32Array,
  groups: readonly (readonly number[])[],
  normalize: boolean,
  out: Float32Array,
  to: number,
): void {
  let total = 0;
  for (let c = 0; c < groups.length; c++) {
    let sum = 0;
    for (const channel of groups[c]!) sum = fround(sum + row[channel]!);
    out[to + c] = sum;
    total = fround(total + sum);
  }
  if (!normalize) return;
  for (let c = 0; c < groups.length; c++) out[to + c] = total === 0 ? 1 / groups.length : out[to + c]! / total;
}
