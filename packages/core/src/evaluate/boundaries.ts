/** Ground truth is least certain where bodies touch; comparisons may leave such voxels out ("dilation 1" of NeuroProof). */
import { distanceTransform } from "@axonloom/kernels";
import type { Vec3 } from "../geometry/box.ts";

/** A copy in which every voxel that touches another non-zero label over 6 neighbours is 0, on both sides of a contact. */
export function withoutContacts(labels: Uint32Array, [nz, ny, nx]: Vec3): Uint32Array {
  const result = labels.slice();
  const clear = (i: number, j: number) => {
    const [p, q] = [labels[i]!, labels[j]!];
    if (p === q || p === 0 || q === 0) return;
    result[i] = 0;
    result[j] = 0;
  };
  const area = ny * nx;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (x > 0) clear(i, i - 1);
        if (y > 0) clear(i, i - nx);
        if (z > 0) clear(i, i - area);
      }
    }
  }
  return result;
}

/**
 * 1 for every labelled voxel that lies further than `radius` - 1 (Euclidean) from label 0 and from voxels that touch another non-zero
 * label over 6 neighbours; radius 0: every labelled voxel. What lies outside the block is no boundary.
 */
export function awayFromBoundaries(labels: Uint32Array, shape: Vec3, radius: number): Uint8Array {
  const inner = radius === 0 ? labels : withoutContacts(labels, shape);
  const boundary = new Uint8Array(labels.length);
  for (let i = 0; i < inner.length; i++) boundary[i] = inner[i] === 0 ? 1 : 0;
  const away = new Uint8Array(labels.length);
  if (radius <= 1) {
    for (let i = 0; i < away.length; i++) away[i] = 1 - boundary[i]!;
    return away;
  }
  const distance = distanceTransform(boundary, shape);
  for (let i = 0; i < away.length; i++) away[i] = distance[i]! > radius - 1 ? 1 : 0;
  return away;
}
