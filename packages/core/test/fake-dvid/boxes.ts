/** Boxes and the blocks that they consist of, x, y, z. */
import { type Call, type Point, Refusal } from "./call.ts";
import { Roi } from "./roi.ts";
import type { Version } from "./versions.ts";

/** Block coordinates of all blocks that the box touches, x fastest. */
export function* blocksOf(offset: Point, size: Point, blockSize: Point): Generator<Point> {
  const first = offset.map((v, a) => Math.floor(v / blockSize[a as 0]));
  const last = offset.map((v, a) => Math.floor((v + size[a as 0] - 1) / blockSize[a as 0]));
  for (let z = first[2]!; z <= last[2]!; z++)
    for (let y = first[1]!; y <= last[1]!; y++) for (let x = first[0]!; x <= last[0]!; x++) yield [x, y, z];
}

export const isAligned = (offset: Point, size: Point, blockSize: Point): boolean =>
  [0, 1, 2].every((a) => offset[a as 0] % blockSize[a as 0] === 0 && size[a as 0] % blockSize[a as 0] === 0);

interface Voxels<T> {
  subarray(start: number, stop: number): T;
  set(values: T, at: number): void;
}

/** Copies what block and volume share: `out` of the block into the volume, or `in` to the block. */
export function copyPart<T extends Voxels<T>>(
  block: T,
  place: Point,
  blockSize: Point,
  volume: T,
  offset: Point,
  size: Point,
  way: "in" | "out",
): void {
  const [start, stop] = [[], []] as [number[], number[]];
  for (const a of [0, 1, 2] as const) {
    start.push(Math.max(offset[a], place[a] * blockSize[a]));
    stop.push(Math.min(offset[a] + size[a], (place[a] + 1) * blockSize[a]));
  }
  const run = stop[0]! - start[0]!;
  for (let z = start[2]!; z < stop[2]!; z++)
    for (let y = start[1]!; y < stop[1]!; y++) {
      const inBlock =
        ((z - place[2] * blockSize[2]) * blockSize[1] + (y - place[1] * blockSize[1])) * blockSize[0] +
        start[0]! -
        place[0] * blockSize[0];
      const inVolume = ((z - offset[2]) * size[1] + (y - offset[1])) * size[0] + start[0]! - offset[0];
      if (way === "out") volume.set(block.subarray(inBlock, inBlock + run), inVolume);
      else block.set(volume.subarray(inVolume, inVolume + run), inBlock);
    }
}

/** Which blocks `roi=` lets through; block numbers are compared unscaled, whatever the two block sizes are. */
export function insideRoi(call: Call, version: Version): (place: Point) => boolean {
  const name = call.query.get("roi");
  if (name === null || name === "") return () => true;
  const roi = version.repo.instances.get(name);
  if (!(roi instanceof Roi)) throw new Refusal(`Can't get ROI with name ${JSON.stringify(name)}: invalid data instance name`);
  return (place) => roi.has(version, place);
}
