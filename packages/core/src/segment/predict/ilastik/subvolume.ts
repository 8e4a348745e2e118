/** Probabilities of one subvolume, from the array given or with the grey values around it. */
import type { PixelImage } from "@axonloom/kernels";
import { AxonloomError } from "../../../errors.ts";
import {
  type Box,
  equalBoxes,
  formatBox,
  grow,
  intersect,
  isEmpty,
  map3,
  shapeOf,
  translate,
  type Vec3,
  volumeOf,
} from "../../../geometry/box.ts";
import { openVolume } from "../../../store/index.ts";
import { type Block, crop } from "../../../volume/block.ts";
import { placeOf } from "../../checks.ts";
import type { PredictInput, Predictions } from "../../types.ts";
import { combine } from "./channels.ts";
import { haloOf, type PixelModel } from "./model.ts";
import type { StagesParameters } from "./parameters.ts";
import { scratchBytes } from "./parameters.ts";
import { predictRegion } from "./predict.ts";

/** Slices of the first stage's probabilities that are held at once, beside those that the second stage sees around them. */
export const SLAB = 32;

/**
 * `models`: one, or two stages: the second sees the probabilities of the first, and the channels of both are those to select from. The
 * result is 0, or normalised from that, outside the mask and the volume. Throws `E_PARTITION` for a box that is too thin for a model.
 */
export async function predictSubvolume(
  input: PredictInput<StagesParameters>,
  models: readonly PixelModel[],
  groups: readonly (readonly number[])[],
): Promise<Predictions> {
  const { bordered, shape, volume, parameters } = input;
  const { normalize } = parameters;
  const data = new Float32Array(volumeOf(shape) * groups.length);
  if (normalize) data.fill(1 / groups.length);
  const predictions: Predictions = { data, shape: [...shape, groups.length] };
  const valid = volume === undefined ? bordered : intersect(bordered, volume.bounds);
  if (isEmpty(valid)) return predictions;
  const gray = await imageAround(input, valid, models);
  const target = { shape, start: minus(valid, bordered.start).start, mask: input.mask };
  const [first, second] = models as [PixelModel, PixelModel?];
  const write = (row: Float32Array, voxel: number) => combine(row, groups, normalize, data, voxel * groups.length);
  const scratch = scratchBytes(parameters, volumeOf(shape));
  if (second === undefined) {
    const region = minus(valid, gray.box.start);
    const job = { model: first, image: gray.image, region, target, scratchBytes: scratch, signal: input.signal, emit: write };
    await predictRegion(job);
    return predictions;
  }
  const around = grownBox(valid, second, gray.box);
  checkThickness(second, around, input);
  for (let z = valid.start[0]; z < valid.stop[0]; z += SLAB) {
    const part: Box = {
      start: [z, valid.start[1], valid.start[2]],
      stop: [Math.min(valid.stop[0], z + SLAB), valid.stop[1], valid.stop[2]],
    };
    const partTarget = { ...target, start: minus(part, bordered.start).start };
    if (!hasVoxels(part, bordered.start, target)) continue;
    const slab = grownBox(part, second, around);
    const stage1 = await firstStage(first, gray, slab, scratch, input.signal);
    const row = new Float32Array(first.outputs + second.outputs);
    const [, ny, nx] = shape;
    const [, sy, sx] = shapeOf(slab);
    const [dz, dy, dx] = map3((a) => bordered.start[a] - slab.start[a]);
    await predictRegion({
      model: second,
      image: stage1,
      region: minus(part, slab.start),
      target: partTarget,
      scratchBytes: scratch,
      signal: input.signal,
      emit(channels, voxel) {
        const line = Math.floor(voxel / nx);
        const at = ((Math.floor(line / ny) + dz) * sy + (line % ny) + dy) * sx + (voxel % nx) + dx;
        for (let c = 0; c < first.outputs; c++) row[c] = stage1.data[at * first.outputs + c]!;
        for (let c = 0; c < second.outputs; c++) row[first.outputs + c] = channels[c]!;
        write(row, voxel);
      },
    });
  }
  return predictions;
}

interface Placed {
  readonly image: PixelImage;
  /** Where it lies in the volume. */
  readonly box: Box;
}

/** All probabilities of the first stage in a box, as an image for the second. */
async function firstStage(model: PixelModel, gray: Placed, box: Box, scratch: number, signal: AbortSignal): Promise<PixelImage> {
  const shape = shapeOf(box);
  const { outputs } = model;
  const data = new Float32Array(volumeOf(shape) * outputs);
  await predictRegion({
    model,
    image: gray.image,
    region: minus(box, gray.box.start),
    target: { shape, start: [0, 0, 0], mask: null },
    scratchBytes: scratch,
    signal,
    emit: (row, voxel) => data.set(row, voxel * outputs),
  });
  return { data, shape, channels: outputs };
}

/** The grey values of the box, and with `context` those around it that the models see, as far as there are any. */
async function imageAround(input: PredictInput<StagesParameters>, valid: Box, models: readonly PixelModel[]): Promise<Placed> {
  const { bordered, gray, shape, volume, parameters, signal } = input;
  let box = valid;
  let block: Block<Uint8Array> = { data: gray, shape };
  if (parameters.context) {
    if (volume === undefined) {
      throw new AxonloomError(
        "E_CONFIG_UNSUPPORTED",
        "context: true needs the volume around the subvolume, which is not known here; set it to false",
        {},
      );
    }
    const { z, xy } = haloOf(...models);
    box = intersect(grow(valid, [z, xy, xy]), volume.bounds);
    block = (await (await openVolume(volume.source, { signal })).read(box, { signal })) as Block<Uint8Array>;
  } else if (!equalBoxes(valid, bordered)) block = crop(block, bordered, valid);
  checkThickness(models[0]!, box, input);
  return { image: { data: block.data, shape: block.shape, channels: 1 }, box };
}

/** As far as the model sees, inside `limits`. */
function grownBox(box: Box, { features }: PixelModel, limits: Box): Box {
  return intersect(grow(box, [features.halo.z, features.halo.xy, features.halo.xy]), limits);
}

export function checkThickness({ features, path }: PixelModel, box: Box, where?: PredictInput<StagesParameters>): void {
  const { z, xy } = features.least;
  const [nz, ny, nx] = shapeOf(box);
  if (nz >= z && ny >= xy && nx >= xy) return;
  const place = where === undefined ? formatBox(box) : placeOf(where);
  throw new AxonloomError(
    "E_PARTITION",
    `${path} needs at least ${xy} × ${xy} × ${z} voxels (x, y, z), but ${place} has ${nx} × ${ny} × ${nz} inside the volume; take context: true, a larger border, or a larger ROI`,
    { path, box },
  );
}

function hasVoxels(part: Box, origin: Vec3, { shape, mask }: { readonly shape: Vec3; readonly mask: Uint8Array | null }): boolean {
  if (mask === null) return true;
  const { start, stop } = minus(part, origin);
  return mask.subarray(start[0] * shape[1] * shape[2], stop[0] * shape[1] * shape[2]).includes(1);
}

function minus(box: Box, origin: Vec3): Box {
  return translate(
    box,
    map3((a) => -origin[a]),
  );
}
