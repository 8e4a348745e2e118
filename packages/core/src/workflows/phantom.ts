/** Phantom: writes a synthetic volume and its ground truth, block by block. */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { type Box, fromXyz, map3, volumeOf, voxelsIn } from "../geometry/box.ts";
import { type PhantomDamage, phantomBlock } from "../phantom/index.ts";
import { createVolume, discardUnpublished, publishVolume, type VolumeStore } from "../store/index.ts";
import { buildPyramid } from "./pyramid.ts";

export interface PhantomRequest {
  /** x, y, z. */
  readonly size: readonly [number, number, number];
  /** 32 bit; other seeds give other volumes. */
  readonly seed: number;
  readonly grayDestination: string;
  readonly truthDestination: string;
  /** x, y, z; 8 nm unless given. */
  readonly voxelSizeNm?: readonly [number, number, number];
  readonly damage?: PhantomDamage;
}

export interface PhantomOptions extends CallOptions {
  /** Gets the part of the voxels that is done, 0…1. */
  readonly onProgress?: (fraction: number) => void;
}

/** Computed and written at once: whole chunks, 2 MiB of grey values. */
const BLOCK = 128;

/** Both volumes appear under their names when they are complete. `E_DESTINATION_EXISTS` when a name is taken, `E_USAGE` for a size or seed that is none. */
export async function writePhantom(
  request: PhantomRequest,
  options: PhantomOptions = {},
): Promise<{ readonly gray: VolumeStore; readonly truth: VolumeStore }> {
  const { grayDestination, truthDestination, seed, damage } = request;
  if (!Number.isInteger(seed) || !request.size.every((n) => Number.isInteger(n) && n > 0 && n < 2 ** 24)) {
    throw new AxonloomError(
      "E_USAGE",
      `phantom: expected a whole seed and sizes from 1 to ${2 ** 24 - 1}, found seed ${seed}, size ${request.size.join(", ")}; correct the arguments`,
    );
  }
  const bounds: Box = { start: [0, 0, 0], stop: fromXyz(request.size) };
  const voxelSizeNm = fromXyz(request.voxelSizeNm ?? [8, 8, 8]);
  const chunk = [64, 64, 64] as const;
  const made: string[] = [];
  try {
    const gray = await createVolume(grayDestination, { dtype: "uint8", kind: "image", bounds, voxelSizeNm, chunk }, options);
    made.push(grayDestination);
    const truth = await createVolume(truthDestination, { dtype: "uint64", kind: "labels", bounds, voxelSizeNm, chunk }, options);
    made.push(truthDestination);
    let done = 0;
    for (const box of blocksOf(bounds)) {
      options.signal?.throwIfAborted();
      const block = phantomBlock({ seed, ...(damage !== undefined && { damage }) }, box);
      const shape = map3((axis) => box.stop[axis] - box.start[axis]);
      await Promise.all([
        gray.write(box, { data: block.gray, shape }, options),
        truth.write(box, { data: block.truth, shape }, options),
      ]);
      done += voxelsIn(box);
      options.onProgress?.(done / volumeOf(bounds.stop));
    }
    await buildPyramid(gray.source, options);
    await buildPyramid(truth.source, options);
    return { gray: await publishVolume(grayDestination, options), truth: await publishVolume(truthDestination, options) };
  } catch (error) {
    for (const destination of made) await discardUnpublished(destination);
    throw error;
  }
}

function* blocksOf({ stop }: Box): Generator<Box> {
  for (let z = 0; z < stop[0]; z += BLOCK) {
    for (let y = 0; y < stop[1]; y += BLOCK) {
      for (let x = 0; x < stop[2]; x += BLOCK) {
        const start = [z, y, x] as const;
        yield { start, stop: map3((axis) => Math.min(start[axis] + BLOCK, stop[axis])) };
      }
    }
  }
}
