/** The heat map: one number for each subvolume, on the grid of the subvolumes (figure 9 of the paper). */
import { map3, type Vec3, volumeOf } from "../geometry/box.ts";
import type { SubvolumeResult, TableMeasures } from "./result.ts";

export interface HeatMapGrid {
  /** Cells along z, y, x. */
  readonly shape: Vec3;
  /** Number of the first cell: its first voxel divided by the size of a cell. */
  readonly first: Vec3;
  /** Voxels of a cell. */
  readonly cell: Vec3;
  /** C order; NaN where there is no subvolume, or an ignored one. */
  readonly values: Float64Array;
}

/** The grid of a measure. @param cell size of the subvolumes (z, y, x), whose boxes start at its multiples unless the volume cuts them. */
export function heatMapOf(
  subvolumes: readonly SubvolumeResult[],
  cell: Vec3,
  value: (measures: TableMeasures) => number,
  type = "voxels:voxels",
): HeatMapGrid {
  const cells = subvolumes.map(({ box_xyz: [[x, y, z]] }) => [
    Math.floor(z / cell[0]),
    Math.floor(y / cell[1]),
    Math.floor(x / cell[2]),
  ]);
  const first = map3((a) => cells.reduce((least, at) => Math.min(least, at[a]!), Infinity));
  const shape = map3((a) => cells.reduce((most, at) => Math.max(most, at[a]! + 1 - first[a]), 0));
  const values = new Float64Array(volumeOf(shape)).fill(Number.NaN);
  subvolumes.forEach(({ ignore, measures }, k) => {
    const [z, y, x] = map3((a) => cells[k]![a]! - first[a]);
    const found = measures[type];
    if (!ignore && found !== undefined) values[(z * shape[1] + y) * shape[2] + x] = value(found);
  });
  return { shape, first, cell, values };
}

/** The largest value along z, NaN where there is none. */
export function projectHeatMap(map: HeatMapGrid): HeatMapGrid {
  const area = map.shape[1] * map.shape[2];
  const values = new Float64Array(area).fill(Number.NaN);
  map.values.forEach((value, i) => {
    if (!(value <= values[i % area]!) && !Number.isNaN(value)) values[i % area] = value;
  });
  return { ...map, shape: [1, map.shape[1], map.shape[2]], values };
}

/** The largest value; 0 without any. */
export function largestOf({ values }: HeatMapGrid): number {
  return values.filter((value) => !Number.isNaN(value)).reduce((most, value) => Math.max(most, value), 0);
}
