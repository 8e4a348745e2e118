/**
 * Features of voxels of an image, block by block, so that they are held for one block only. A block reads the image as far as the features
 * see; beyond the image's faces there is its mirror image, so that blocks of any size give the same bits.
 *
 *     block ─ features (column by column) ─ tiles of voxels inside the mask, row by row
 */
import { setImmediate } from "node:timers/promises";
import {
  type PixelFeaturePlan,
  type PixelFeatureScratch,
  type PixelImage,
  pixelFeatureScratch,
  pixelFeatures,
  type Region,
} from "@axonloom/kernels";
import { type Box, map3, shapeOf, type Vec3, volumeOf } from "../../../geometry/box.ts";
import type { Mask } from "../../types.ts";

export interface FeatureJob {
  readonly features: PixelFeaturePlan;
  readonly image: PixelImage;
  /** In voxels of the image. */
  readonly region: Box;
  /** The arrays that the result is for: their shape, and where the region lies in them. */
  readonly target: { readonly shape: Vec3; readonly start: Vec3; readonly mask: Mask };
  /** For the features of one block and what it takes to compute them. */
  readonly scratchBytes: number;
  readonly signal: AbortSignal;
}

/** Gets voxels inside the mask, some at a time: their features, voxel by voxel, and their indices in the target. Not to be kept. */
export type FeatureVisitor = (rows: Float32Array, voxels: Float64Array) => void;

const TILE = 256;
/** Bytes for the features of one block, where nothing else is said. */
export const DEFAULT_SCRATCH = 64 * 2 ** 20;
const LARGEST_BLOCK = 96;
const SMALLEST_BLOCK = 16;
/** Arrays of a block that `pixelFeatures` holds at once. */
const SCRATCH_ARRAYS = 24;

export async function visitFeatures(job: FeatureJob, visit: FeatureVisitor): Promise<void> {
  const { features, image, region, target, signal } = job;
  const edge = blockEdge(features, image.channels, job.scratchBytes);
  const scratch = { kernels: pixelFeatureScratch(), columns: [] as Float32Array[] };
  const counts = map3((a) => Math.ceil((region.stop[a] - region.start[a]) / edge));
  for (let i = 0; i < volumeOf(counts); i++) {
    const place: Vec3 = [Math.floor(i / (counts[1] * counts[2])), Math.floor(i / counts[2]) % counts[1], i % counts[2]];
    const start = map3((a) => region.start[a] + place[a] * edge);
    const block = { start, stop: map3((a) => Math.min(region.stop[a], start[a] + edge)) };
    const voxels = voxelsInside(block, region, target);
    if (voxels.length === 0) continue;
    visitBlock(job, block, voxels, scratch, visit);
    await setImmediate(); // lets an abort arrive
    signal.throwIfAborted();
  }
}

/** Voxels of the target that are wanted of a block, and for each its place in the block. */
interface Wanted {
  readonly length: number;
  readonly inBlock: Int32Array;
  readonly inTarget: Float64Array;
}

function voxelsInside({ start, stop }: Box, region: Box, { shape, start: at, mask }: FeatureJob["target"]): Wanted {
  const size = volumeOf(shapeOf({ start, stop }));
  const inBlock = new Int32Array(size);
  const inTarget = new Float64Array(size);
  let length = 0;
  let place = 0;
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      const row = ((z - region.start[0] + at[0]) * shape[1] + (y - region.start[1] + at[1])) * shape[2] - region.start[2] + at[2];
      for (let x = start[2]; x < stop[2]; x++, place++) {
        if (mask !== null && mask[row + x] === 0) continue;
        inBlock[length] = place;
        inTarget[length++] = row + x;
      }
    }
  }
  return { length, inBlock, inTarget };
}

function visitBlock(
  { features, image }: FeatureJob,
  block: Region,
  { length, inBlock, inTarget }: Wanted,
  scratch: { readonly kernels: PixelFeatureScratch; readonly columns: Float32Array[] },
  visit: FeatureVisitor,
): void {
  const { columns } = scratch;
  const width = features.columns * image.channels;
  const voxels = volumeOf(shapeOf(block));
  for (let c = 0; c < width; c++) {
    if ((columns[c]?.length ?? 0) < voxels) columns[c] = new Float32Array(voxels);
  }
  pixelFeatures(features, image, { region: block, out: columns, scratch: scratch.kernels });
  const rows = new Float32Array(TILE * width);
  for (let first = 0; first < length; first += TILE) {
    const count = Math.min(TILE, length - first);
    for (let c = 0; c < width; c++) {
      const column = columns[c]!;
      for (let i = 0, at = c; i < count; i++, at += width) rows[at] = column[inBlock[first + i]!]!;
    }
    visit(rows.subarray(0, count * width), inTarget.subarray(first, first + count));
  }
}

/** Edge of the largest block whose arrays fit. */
function blockEdge(features: PixelFeaturePlan, channels: number, bytes: number): number {
  for (let edge = LARGEST_BLOCK; edge > SMALLEST_BLOCK; edge -= 8) {
    if (blockBytes(features, channels, edge) <= bytes) return edge;
  }
  return SMALLEST_BLOCK;
}

function blockBytes(features: PixelFeaturePlan, channels: number, edge: number): number {
  const reach = Math.max(...features.scales.map((scale) => scale.reach));
  const source = (edge + 2 * features.halo.xy) ** 3;
  const scratch = SCRATCH_ARRAYS * (edge + 2 * reach) ** 3;
  return 4 * (source + scratch + (features.columns * channels + 4) * edge ** 3);
}

/** Bytes that a job takes beside its image and result, when it may take `wanted`. */
export function jobBytes(features: PixelFeaturePlan, channels: number, wanted: number): number {
  return blockBytes(features, channels, blockEdge(features, channels, wanted));
}
