/** Membrane probability from another volume, so that networks run elsewhere can feed the segmentation. */
import { z } from "zod";
import { AxonloomError } from "../../errors.ts";
import { type Box, equalBoxes, formatBox, intersect, isEmpty, shapeOf, volumeOf } from "../../geometry/box.ts";
import { openVolume } from "../../store/index.ts";
import { allocate, type Block, copyIntersection, dtypeOf } from "../../volume/block.ts";
import { checkPredictions, placeOf } from "../checks.ts";
import type { Mask, PredictInput, Predictions } from "../types.ts";

export const readPredictionsParameters = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe("Volume with the membrane probability: uint8 (255 = 1), uint16 (65535 = 1) or float32, 0 to 1."),
});
type Parameters = z.infer<typeof readPredictionsParameters>;

/**
 * The part of the bordered box that the source covers; 0 outside the volume. uint8 stays as it is, uint16 is divided by 65535.
 * Throws `E_OUT_OF_BOUNDS` when the source does not cover what lies inside the volume.
 */
export async function readPredictions(input: PredictInput<Parameters>): Promise<Predictions> {
  const { bordered, inside, shape, parameters, signal } = input;
  const store = await openVolume(parameters.source, { signal });
  const { bounds } = await store.info({ signal });
  const covered = intersect(bordered, bounds);
  if (!coversInside(bordered, covered, inside)) {
    throw new AxonloomError(
      "E_OUT_OF_BOUNDS",
      `read_predictions: ${parameters.source} covers ${formatBox(bounds)}, but ${placeOf(input)} has voxels of the volume outside it; give a map that covers the volume or ROI`,
      { source: parameters.source, bounds, box: bordered },
    );
  }
  if (isEmpty(covered)) return { data: new Uint8Array(volumeOf(shape)), shape: [...shape, 1] };
  const read = await store.read(covered, { signal });
  const probabilities: Block = { data: toProbabilities(read, parameters.source), shape: read.shape };
  const data = place(probabilities, covered, bordered) as Float32Array | Uint8Array;
  return checkPredictions({ data, shape: [...shape, 1] }, { plugin: `read_predictions (${parameters.source})`, ...input });
}

/** Opens the source and looks at its data type. */
export async function checkReadPredictions(parameters: Readonly<Record<string, unknown>>, key: string): Promise<void> {
  const { source } = parameters as Parameters;
  const { dtype } = await (await openVolume(source)).info();
  if (dtype !== "uint8" && dtype !== "uint16" && dtype !== "float32") throw wrongDtype(source, dtype, `${key}.source: `);
}

export async function readPredictionsIdentity(parameters: Readonly<Record<string, unknown>>): Promise<string> {
  return await (await openVolume((parameters as Parameters).source)).identity();
}

function toProbabilities({ data }: Block, source: string): Float32Array | Uint8Array {
  if (data instanceof Uint8Array || data instanceof Float32Array) return data;
  if (!(data instanceof Uint16Array)) throw wrongDtype(source, dtypeOf(data), "read_predictions: ");
  const result = new Float32Array(data.length);
  for (let i = 0; i < result.length; i++) result[i] = data[i]! / 65535;
  return result;
}

function place(block: Block, at: Box, bordered: Box): Block["data"] {
  if (equalBoxes(at, bordered)) return block.data;
  const shape = shapeOf(bordered);
  const target: Block = { data: allocate(dtypeOf(block.data), volumeOf(shape)), shape };
  copyIntersection(block, at, target, bordered);
  return target.data;
}

/** Whether every voxel of the bordered box that is inside the volume lies in `covered`. */
function coversInside(bordered: Box, covered: Box, inside: Mask): boolean {
  if (equalBoxes(bordered, covered)) return true;
  if (inside === null) return false;
  const whole: Block<Uint8Array> = { data: inside.slice(), shape: shapeOf(bordered) };
  if (!isEmpty(covered)) {
    const shape = shapeOf(covered);
    copyIntersection({ data: new Uint8Array(volumeOf(shape)), shape }, covered, whole, bordered);
  }
  return !whole.data.includes(1);
}

function wrongDtype(source: string, dtype: string, prefix: string): AxonloomError {
  return new AxonloomError("E_DTYPE", `${prefix}expected probabilities as uint8, uint16 or float32, found ${dtype} in ${source}`, {
    source,
    dtype,
  });
}
