/**
 * Supervoxels by a watershed on the distance to the membranes.
 *
 *        membrane            membrane
 *   D    ──┐     ╱╲           ┌──┐      ╱‾‾ 63    membrane = p >= pmin, in components of at least minMembraneSize voxels,
 *    0 ····│···╱····╲·········│··│···╱·······     and what the mask leaves out inside the volume
 *          └─╱        ╲───────┘  └─╱              seeds = local maxima of smoothed D, not below 0
 *   levels = 63 - D: flooding starts in the middle of the cells and ends in the membranes
 *
 * D is the distance to the nearest membrane voxel; in a membrane it is 1 - (distance to the nearest other voxel), or -p with
 * `preserve_membrane_pmaps`. One unit is the smallest edge of a voxel, the other axes are scaled by theirs. D is cut at ±63, and the
 * watershed takes it in steps of 1/1024, whatever the subvolume holds, so that neighbours agree where they see the same membranes;
 * deeper than 1 in a membrane everything is one level. Voxels outside the volume are neither membrane nor cell nor seed. O(n).
 *
 * Reference: T. Beier et al., "Multicut brings automated neurite segmentation closer to human performance", Nature Methods 2017.
 */
import { connectedComponents, distanceTransform, gaussianSmooth, localMaxima, seededWatershed } from "@axonloom/kernels";
import { z } from "zod";
import { map3, type Vec3, volumeOf } from "../../geometry/box.ts";
import { dropSmall } from "../component-sizes.ts";
import { atMost, channelOf } from "../levels.ts";
import type { SupervoxelInput } from "../types.ts";

const CAP = 63;
const STEPS = 1024;
/** The original's probability of what the mask leaves out. */
const MASKED_OUT = 2;
/** Windows of the Gaussians end at this many sigmas. */
const TRUNCATE = 3;

export const wsdtParameters = z.strictObject({
  boundary_channel: z.int().min(0).default(0).describe("Channel of the predictions that holds the membrane probability."),
  pmin: z.number().min(0).max(1).default(0.5).describe("Membrane is where the probability is at least this."),
  minMembraneSize: z.int().min(0).default(10000).describe("Pieces of membrane with fewer voxels than this are ignored."),
  minSegmentSize: z.int().min(0).default(300).describe("Segments with fewer voxels than this are given to their neighbours."),
  sigmaMinima: z
    .number()
    .min(0)
    .default(3)
    .describe("Smoothing of the distances before seeds are looked for; in smallest voxel edges."),
  sigmaWeights: z
    .number()
    .min(0)
    .default(1.6)
    .describe("Smoothing of the distances before they are flooded; in smallest voxel edges."),
  groupSeeds: z.literal(false, "joining seeds is not supported yet; expected false").default(false),
  preserve_membrane_pmaps: z.boolean().default(false).describe("Order the voxels of a membrane by probability, not by depth."),
});
type Parameters = z.infer<typeof wsdtParameters>;

/** Labels, 0 where the mask is 0; all 0, with a warning, when there is no seed. Numbers may have gaps. */
export function wsdtSupervoxels(input: SupervoxelInput<Parameters>): Uint32Array {
  const { mask, shape, parameters, logger } = input;
  // one buffer for everything that comes and goes, since memory is planned (memory.ts); the labels stay in it
  const scratch = new ArrayBuffer(4 * volumeOf(shape));
  const { levels, seeds } = floodingInput(input, scratch);
  const { labels, count } = connectedComponents(seeds, shape, { connectivity: 6, out: new Uint32Array(scratch) });
  if (count === 0) {
    logger.warn(
      `create_supervoxels_with_wsdt: subvolume ${input.subvolume} has no seed (nothing but membrane at pmin ${parameters.pmin}); all of it becomes background`,
    );
    return labels;
  }
  seededWatershed(levels, labels, shape, { mask });
  if (parameters.minSegmentSize > 1) {
    const kept = dropSmall(labels, count, parameters.minSegmentSize);
    if (kept > 0) seededWatershed(levels, labels, shape, { mask });
    else {
      logger.warn(
        `create_supervoxels_with_wsdt: subvolume ${input.subvolume} has no segment of at least ${parameters.minSegmentSize} voxels`,
      );
    }
  }
  return labels;
}

/** What the watershed needs; in a function of its own so that the distances are free before it begins. */
function floodingInput(input: SupervoxelInput<Parameters>, scratch: ArrayBuffer): { levels: Uint16Array; seeds: Uint8Array } {
  const { mask, shape, voxelSizeNm, parameters } = input;
  const edge = Math.min(...voxelSizeNm);
  const spacing = map3((axis) => voxelSizeNm[axis] / edge);
  const distances = signedDistances(input, spacing, scratch);
  const out = new Float32Array(scratch);
  const smooth = (sigma: number) =>
    sigma === 0 ? distances : gaussianSmooth(distances, shape, { sigma: map3((a) => sigma / spacing[a]), truncate: TRUNCATE, out });
  const levels = toLevels(smooth(parameters.sigmaWeights));
  const seeds = localMaxima(smooth(parameters.sigmaMinima), shape, { minimum: 0, mask });
  return { levels, seeds };
}

function signedDistances(input: SupervoxelInput<Parameters>, spacing: Vec3, scratch: ArrayBuffer): Float32Array {
  const { predictions, mask, inside, shape, parameters } = input;
  const p = channelOf(predictions, parameters.boundary_channel, "create_supervoxels_with_wsdt");
  const membrane = findMembrane(p, input, scratch);
  const distances = distanceTransform(membrane, shape, { spacing });
  if (parameters.preserve_membrane_pmaps) {
    const scale = p instanceof Uint8Array ? 255 : 1;
    for (let i = 0; i < distances.length; i++) {
      if (membrane[i] === 0) distances[i] = Math.min(CAP, distances[i]!);
      else distances[i] = mask !== null && mask[i] === 0 ? -MASKED_OUT : -p[i]! / scale;
    }
    return distances;
  }
  const other = new Uint8Array(membrane.length);
  for (let i = 0; i < other.length; i++) other[i] = membrane[i] === 0 && (inside === null || inside[i] !== 0) ? 1 : 0;
  const depth = distanceTransform(other, shape, { spacing, out: new Float32Array(scratch) });
  for (let i = 0; i < distances.length; i++) {
    distances[i] = membrane[i] === 0 ? Math.min(CAP, distances[i]!) : Math.max(-CAP, 1 - depth[i]!);
  }
  return distances;
}

/** 1 where the membrane is: p >= pmin or masked out, inside the volume, without small pieces. */
function findMembrane(p: Float32Array | Uint8Array, input: SupervoxelInput<Parameters>, scratch: ArrayBuffer): Uint8Array {
  const { mask, inside, shape, parameters } = input;
  const membrane = atMost(p, parameters.pmin, mask, true);
  for (let i = 0; i < membrane.length; i++) membrane[i] = membrane[i] === 0 && (inside === null || inside[i] !== 0) ? 1 : 0;
  if (parameters.minMembraneSize > 1) {
    const { labels, count } = connectedComponents(membrane, shape, { connectivity: 6, out: new Uint32Array(scratch) });
    dropSmall(labels, count, parameters.minMembraneSize);
    for (let i = 0; i < membrane.length; i++) membrane[i] = labels[i] === 0 ? 0 : 1;
  }
  return membrane;
}

function toLevels(distances: Float32Array): Uint16Array {
  const levels = new Uint16Array(distances.length);
  for (let i = 0; i < levels.length; i++) {
    levels[i] = Math.min(65535, Math.max(0, Math.round((CAP - distances[i]!) * STEPS)));
  }
  return levels;
}
