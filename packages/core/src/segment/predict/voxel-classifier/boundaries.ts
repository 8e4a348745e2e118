/** Classes of voxels from a segmentation that is right: membranes lie where bodies touch. */
import type { Vec3 } from "../../../geometry/box.ts";

export const BOUNDARY = 1;
export const INSIDE = 2;
/** How far a body has to reach on all sides of a voxel inside it, in steps along the axes; between are membranes' edges, of no class. */
export const INSIDE_REACH = 3;

/**
 * By voxel: {@link BOUNDARY} when one of its six neighbours has another label, {@link INSIDE} when no label but its own lies within
 * {@link INSIDE_REACH} steps, else 0. Voxels of label 0 have no class, but are another label to their neighbours.
 */
export function boundaryClasses(labels: Uint32Array, shape: Vec3): Uint8Array {
  const [nz, ny, nx] = shape;
  const strides = [ny * nx, nx, 1];
  const sizes = [nz, ny, nx];
  /** Steps to the nearest voxel that touches another label, plus 1; 0 = not reached. */
  let near = new Uint8Array(labels.length);
  eachPair((i, j) => {
    if (labels[i] !== labels[j]) near[i] = near[j] = 1;
  });
  for (let step = 1; step < INSIDE_REACH; step++) {
    const next = near.slice();
    eachPair((i, j) => {
      if (near[i]! > 0 && next[j] === 0) next[j] = step + 1;
      if (near[j]! > 0 && next[i] === 0) next[i] = step + 1;
    });
    near = next;
  }
  return near.map((steps, i) => {
    if (labels[i] === 0) return 0;
    if (steps === 0) return INSIDE;
    return steps === 1 ? BOUNDARY : 0;
  });

  function eachPair(visit: (i: number, j: number) => void): void {
    for (let axis = 0; axis < 3; axis++) {
      const stride = strides[axis]!;
      const size = sizes[axis]!;
      for (let i = 0; i < labels.length; i++) if (Math.floor(i / stride) % size < size - 1) visit(i, i + stride);
    }
  }
}
