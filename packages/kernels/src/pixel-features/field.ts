/**
 * Parts of an image, and line filters on them. A filter makes the wanted region of its result from a region of its source that is larger
 * along its axis, as far as the image goes; beyond the image's faces it sees the image mirrored, whatever the region is.
 */
import type { Shape3 } from "../shape.ts";
import { mirrored } from "./mirror.ts";
import { filterRows } from "./rows.ts";
import type { LineFilter } from "./scales.ts";

/** Half-open, z, y, x, in voxels of the image. */
export interface Region {
  readonly start: Shape3;
  readonly stop: Shape3;
}

/** Values of a region, C order; `data` may be longer. */
export interface Field {
  readonly region: Region;
  readonly data: Float32Array;
}

export const sizeOf = ({ start, stop }: Region): Shape3 => [stop[0] - start[0], stop[1] - start[1], stop[2] - start[2]];

export function voxelsOf(region: Region): number {
  const [z, y, x] = sizeOf(region);
  return z * y * x;
}

/** The region with `by` voxels more (z, y, x) on both sides, inside an image of this shape. */
export function grown({ start, stop }: Region, by: Shape3, shape: Shape3): Region {
  const low = (axis: 0 | 1 | 2) => Math.max(0, start[axis] - by[axis]);
  const high = (axis: 0 | 1 | 2) => Math.min(shape[axis], stop[axis] + by[axis]);
  return { start: [low(0), low(1), low(2)], stop: [high(0), high(1), high(2)] };
}

/** Filters along an axis (0 = z). `source` must hold the region, and along the axis what the filter needs around it. */
export function filterField(
  filter: LineFilter,
  axis: 0 | 1 | 2,
  shape: Shape3,
  source: Field,
  region: Region,
  data: Float32Array,
): Field {
  const { radius } = filter;
  const [, sy, sx] = sizeOf(source.region);
  const [z0, y0, x0] = source.region.start;
  const { start, stop } = region;
  const length = stop[2] - start[2];
  const rows = new Int32Array(2 * radius + 1);
  const line = axis === 2 ? new Float32Array(length + 2 * radius) : source.data;
  if (axis === 2) for (let t = 0; t < rows.length; t++) rows[t] = t;
  let out = 0;
  for (let z = start[0]; z < stop[0]; z++) {
    for (let y = start[1]; y < stop[1]; y++) {
      if (axis === 2) {
        const from = ((z - z0) * sy + (y - y0)) * sx - x0;
        padLine(source.data, from, start[2] - radius, shape[2], line);
      } else {
        for (let t = 0; t < rows.length; t++) {
          const zt = axis === 0 ? mirrored(z + t - radius, shape[0]) : z;
          const yt = axis === 1 ? mirrored(y + t - radius, shape[1]) : y;
          rows[t] = ((zt - z0) * sy + (yt - y0)) * sx + (start[2] - x0);
        }
      }
      filterRows(filter, line, rows, data, out, length);
      out += length;
    }
  }
  return { region, data };
}

/** Copies the positions from `first` on of a mirrored row of `n` voxels; position 0 lies at `from`. */
function padLine(source: Float32Array, from: number, first: number, n: number, line: Float32Array): void {
  const left = Math.min(line.length, Math.max(0, -first));
  const right = Math.max(left, Math.min(line.length, n - first));
  for (let i = 0; i < left; i++) line[i] = source[from + mirrored(first + i, n)]!;
  for (let i = left; i < right; i++) line[i] = source[from + first + i]!;
  for (let i = right; i < line.length; i++) line[i] = source[from + mirrored(first + i, n)]!;
}
