/** Voxels of each label 0…`max`, by label. */
export function componentSizes(labels: Uint32Array, max: number): Uint32Array {
  const sizes = new Uint32Array(max + 1);
  for (let i = 0; i < labels.length; i++) sizes[labels[i]!]!++;
  return sizes;
}

/** Sets labels with fewer than `minimum` voxels to 0, in place. @returns how many labels are left. */
export function dropSmall(labels: Uint32Array, max: number, minimum: number): number {
  const sizes = componentSizes(labels, max);
  sizes[0] = 0;
  let left = 0;
  for (let label = 1; label <= max; label++) if (sizes[label]! > 0 && sizes[label]! >= minimum) left++;
  if (minimum > 1) {
    for (let i = 0; i < labels.length; i++) if (sizes[labels[i]!]! < minimum) labels[i] = 0;
  }
  return left;
}
