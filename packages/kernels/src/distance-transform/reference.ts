import type { Shape3 } from "../shape.ts";

/** Plain version of `distanceTransform`: every voxel against every site. */
export function distanceTransformReference(
  sites: ArrayLike<number>,
  [nz, ny, nx]: Shape3,
  [sz, sy, sx]: readonly [number, number, number] = [1, 1, 1],
): Float32Array {
  const voxels: Shape3[] = [];
  for (let z = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) voxels.push([z, y, x]);
  const found = voxels.filter((_, i) => sites[i] !== 0);
  return Float32Array.from(voxels, ([z, y, x]) => {
    const squares = found.map(([a, b, c]) => (sz * (z - a)) ** 2 + (sy * (y - b)) ** 2 + (sx * (x - c)) ** 2);
    return Math.sqrt(Math.min(...squares));
  });
}
