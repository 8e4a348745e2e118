/**
 * Features of voxels that ilastik's pixel classification is made from, with the bits of vigra or of fastfilters (without fused operations).
 *
 *     const plan = planPixelFeatures({ engine: "vigra", recipe: "presmoothed", features: [{ filter: "GaussianSmoothing", sigma: 1.6, flat: false }] });
 *     const columns = pixelFeatures(plan, { data: gray, shape: [64, 64, 64], channels: 1 });
 */
import { KernelError } from "../errors.ts";
import type { Shape3 } from "../shape.ts";
import { Arena } from "./arena.ts";
import { computeScale } from "./compute.ts";
import { type Field, grown, type Region, sizeOf, voxelsOf } from "./field.ts";
import { columnsOf, type PixelFeaturePlan } from "./scales.ts";
import type { PixelFilter } from "./types.ts";

export type { Region } from "./field.ts";
export { columnsOf, type PixelFeaturePlan, planPixelFeatures } from "./scales.ts";
export { type FeatureEngine, PIXEL_FILTERS, type PixelFeature, type PixelFeatureSet, type PixelFilter } from "./types.ts";

/** zyxc, channel last; values go in unchanged. */
export interface PixelImage {
  readonly data: Uint8Array | Float32Array;
  readonly shape: Shape3;
  readonly channels: number;
}

/**
 * The columns for the voxels of a region (the whole image unless given), one array each: by feature, then channel, then eigenvalue. The
 * image is mirrored at its faces; a voxel has the same bits in whatever region. `scratch` may be passed from call to call. O(voxels ·
 * taps). `E_KERNEL_ARGUMENT`: an image thinner than the plan's `least`, or a region that is not inside.
 */
export function pixelFeatures(
  plan: PixelFeaturePlan,
  image: PixelImage,
  options: { region?: Region; out?: readonly Float32Array[]; scratch?: PixelFeatureScratch } = {},
): readonly Float32Array[] {
  const { shape, channels } = image;
  const region = options.region ?? { start: [0, 0, 0], stop: shape };
  check(plan, image, region);
  const voxels = voxelsOf(region);
  const out = options.out ?? Array.from({ length: plan.columns * channels }, () => new Float32Array(voxels));
  const arena = options.scratch ?? new Arena();
  const places = placesOf(plan, channels);
  const around = grown(region, [plan.halo.z, plan.halo.xy, plan.halo.xy], shape);
  for (let channel = 0; channel < channels; channel++) {
    const mark = arena.mark();
    const source = { region: around, data: arena.take(voxelsOf(around)) };
    load(image, channel, source);
    for (const scale of plan.scales) {
      const columns = (filter: PixelFilter) => {
        const { first, count } = places.get(`${filter} ${scale.sigma} ${scale.flat}`)!;
        return out.slice(first + channel * count, first + (channel + 1) * count);
      };
      computeScale({ scale, engine: plan.set.engine, shape, region, columns, arena }, source);
    }
    arena.release(mark);
  }
  return out;
}

/** Arrays that are used again in the next call. */
export type PixelFeatureScratch = Arena;
export function pixelFeatureScratch(): PixelFeatureScratch {
  return new Arena();
}

function placesOf(plan: PixelFeaturePlan, channels: number): Map<string, { first: number; count: number }> {
  const places = new Map<string, { first: number; count: number }>();
  let first = 0;
  for (const feature of plan.set.features) {
    const count = columnsOf(feature);
    places.set(`${feature.filter} ${feature.sigma} ${feature.flat}`, { first, count });
    first += count * channels;
  }
  return places;
}

function load({ data, shape: [, ny, nx], channels }: PixelImage, channel: number, { region, data: out }: Field): void {
  const { start, stop } = region;
  let o = 0;
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      let i = ((z * ny + y) * nx + start[2]) * channels + channel;
      for (let x = start[2]; x < stop[2]; x++, i += channels, o++) out[o] = data[i]!;
    }
  }
}

function check(plan: PixelFeaturePlan, { data, shape, channels }: PixelImage, region: Region): void {
  const fail = (message: string) => {
    throw new KernelError("E_KERNEL_ARGUMENT", `pixelFeatures: ${message}`);
  };
  const voxels = shape[0] * shape[1] * shape[2];
  if (data.length !== voxels * channels)
    fail(`expected ${voxels * channels} values for shape [${shape.join(", ")}], found ${data.length}`);
  const { z, xy } = plan.least;
  if (shape[0] < z || shape[1] < xy || shape[2] < xy) {
    fail(`expected an image of at least [${z}, ${xy}, ${xy}] voxels for these scales, found [${shape.join(", ")}]`);
  }
  const size = sizeOf(region);
  if (!size.every((n, axis) => n > 0 && region.start[axis]! >= 0 && region.stop[axis]! <= shape[axis]!)) {
    fail(`expected a region inside [${shape.join(", ")}], found [${region.start.join(", ")}] to [${region.stop.join(", ")}]`);
  }
}
