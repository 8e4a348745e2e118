/**
 * Evidence: what two neighbouring subvolumes say about their common region. Both segmented it on their own; n(i, j) counts the voxels
 * that A calls i and B calls j. Only segments on the eligibility plane may start a match (partners need not be on it): the layer
 * ⌊thickness / 2⌋ along the touching axis, which is the first one behind the common side of the core boxes.
 *
 *      core a        │        core b            cut-out of both = the face's box
 *   ┌────────────────┼────────────────┐
 *   │                ▓                │         ▓ eligibility plane
 *   └────────────────┼────────────────┘
 *     ← border →        ← border →
 *
 * Source: Plaza & Berg, section on stitching; O(voxels) for the counts, O(plane) for the plane.
 */
import { countOverlaps } from "@axonloom/kernels";
import { formatBox, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import type { Face } from "../geometry/subvolume.ts";
import type { Evidence } from "./types.ts";

/**
 * Counts the overlaps of a face. `labelsA`, `labelsB`: the two subvolumes' labels of the face's box (C order, shape `faceShape`), 0 where
 * there is no segment or a preserved body. Throws a `RangeError` when arrays and box do not fit (an error of the caller).
 */
export function countFace(face: Face, faceShape: Vec3, labelsA: Uint32Array, labelsB: Uint32Array): Evidence {
  const voxels = volumeOf(shapeOf(face.box));
  if (shapeOf(face.box).some((n, i) => n !== faceShape[i]) || labelsA.length !== voxels || labelsB.length !== voxels) {
    throw new RangeError(
      `face ${face.a}-${face.b} (${formatBox(face.box)}): expected ${voxels} labels a side, found ${labelsA.length} and ${labelsB.length} for shape [${faceShape.join(", ")}]`,
    );
  }
  const counts = countOverlaps(labelsA, labelsB);
  return {
    a: face.a,
    b: face.b,
    voxels,
    pairA: counts.a,
    pairB: counts.b,
    pairVoxels: counts.voxels,
    planeA: labelsOnPlane(labelsA, faceShape, face.axis),
    planeB: labelsOnPlane(labelsB, faceShape, face.axis),
  };
}

/** Non-zero labels of the layer ⌊length / 2⌋ along `axis`, sorted. */
function labelsOnPlane(labels: Uint32Array, [nz, ny, nx]: Vec3, axis: 0 | 1 | 2): Uint32Array {
  const found = new Set<number>();
  const [z0, z1] = range(nz, axis === 0);
  const [y0, y1] = range(ny, axis === 1);
  const [x0, x1] = range(nx, axis === 2);
  let last = 0;
  for (let z = z0; z < z1; z++) {
    for (let y = y0; y < y1; y++) {
      const row = (z * ny + y) * nx;
      for (let x = x0; x < x1; x++) {
        const label = labels[row + x]!;
        if (label === last) continue;
        last = label;
        if (label !== 0) found.add(label);
      }
    }
  }
  return Uint32Array.from(found).sort();
}

function range(length: number, middleOnly: boolean): readonly [number, number] {
  const middle = Math.floor(length / 2);
  return middleOnly ? [middle, middle + 1] : [0, length];
}
