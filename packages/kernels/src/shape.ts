/** Size of a block in voxels: z, y, x. */
export type Shape3 = readonly [number, number, number];
