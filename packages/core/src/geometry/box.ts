/** Integer boxes. Everything is [z, y, x], half-open; what people read is x, y, z and made by {@link formatBox}. */

/** Three numbers in z, y, x order. */
export type Vec3 = readonly [number, number, number];

/** Voxels with start <= coordinate < stop on each axis. */
export interface Box {
  readonly start: Vec3;
  readonly stop: Vec3;
}

/** z, y, x. */
export const AXES = [0, 1, 2] as const;

/** The vector of f(0), f(1), f(2): one number an axis. */
export function map3(f: (axis: 0 | 1 | 2) => number): Vec3 {
  return [f(0), f(1), f(2)];
}

/** The box from `start` (in it) to `stop` (not in it). */
export function box(start: Vec3, stop: Vec3): Box {
  return { start, stop };
}

/** The box of a shape at the origin. */
export function boxOfShape(shape: Vec3): Box {
  return { start: [0, 0, 0], stop: shape };
}

/** Voxels along each axis; negative where `stop` lies before `start`. */
export function shapeOf(b: Box): Vec3 {
  return map3((a) => b.stop[a] - b.start[a]);
}

/** Voxels of a shape. */
export function volumeOf(shape: Vec3): number {
  return shape[0] * shape[1] * shape[2];
}

/** Voxels of a box; 0 when it is empty. */
export function voxelsIn(b: Box): number {
  return isEmpty(b) ? 0 : volumeOf(shapeOf(b));
}

/** Whether an axis has no voxel. */
export function isEmpty(b: Box): boolean {
  return AXES.some((a) => b.stop[a] <= b.start[a]);
}

/** The common part; may be empty (check with {@link isEmpty}). */
export function intersect(a: Box, b: Box): Box {
  return { start: map3((i) => Math.max(a.start[i], b.start[i])), stop: map3((i) => Math.min(a.stop[i], b.stop[i])) };
}

/** The box with `by` voxels more on both sides of each axis. */
export function grow(b: Box, by: Vec3): Box {
  return { start: map3((a) => b.start[a] - by[a]), stop: map3((a) => b.stop[a] + by[a]) };
}

/** The box moved by `by` voxels. */
export function translate(b: Box, by: Vec3): Box {
  return { start: map3((a) => b.start[a] + by[a]), stop: map3((a) => b.stop[a] + by[a]) };
}

/** Whether every voxel of a non-empty `inner` lies in `outer`. */
export function contains(outer: Box, inner: Box): boolean {
  return AXES.every((a) => outer.start[a] <= inner.start[a] && inner.stop[a] <= outer.stop[a]);
}

/** Whether both corners are the same. */
export function equalBoxes(a: Box, b: Box): boolean {
  return AXES.every((i) => a.start[i] === b.start[i] && a.stop[i] === b.stop[i]);
}

/** Smallest box on the grid (multiples of `grid` from `origin`) that holds `b`. */
export function alignOut(b: Box, grid: Vec3, origin: Vec3 = [0, 0, 0]): Box {
  return {
    start: map3((a) => origin[a] + Math.floor((b.start[a] - origin[a]) / grid[a]) * grid[a]),
    stop: map3((a) => origin[a] + Math.ceil((b.stop[a] - origin[a]) / grid[a]) * grid[a]),
  };
}

/** Cells of a grid that share voxels with `b`, cut at `b`; x runs fastest. */
export function* cellsIn(b: Box, cell: Vec3, origin: Vec3): Generator<Box> {
  const { start, stop } = alignOut(b, cell, origin);
  for (let z = start[0]; z < stop[0]; z += cell[0]) {
    for (let y = start[1]; y < stop[1]; y += cell[1]) {
      for (let x = start[2]; x < stop[2]; x += cell[2]) {
        yield intersect(box([z, y, x], [z + cell[0], y + cell[1], x + cell[2]]), b);
      }
    }
  }
}

/** For people: `x 0..64, y 0..64, z 0..10` (upper bounds exclusive). */
export function formatBox(b: Box): string {
  return `x ${b.start[2]}..${b.stop[2]}, y ${b.start[1]}..${b.stop[1]}, z ${b.start[0]}..${b.stop[0]}`;
}

/** For people and for configuration: [x, y, z]. */
export function toXyz(v: Vec3): [number, number, number] {
  return [v[2], v[1], v[0]];
}

/** The reverse of {@link toXyz}. */
export function fromXyz(v: readonly [number, number, number]): Vec3 {
  return [v[2], v[1], v[0]];
}
